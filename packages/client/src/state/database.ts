import { Database } from "bun:sqlite";
import { accessSync, chmodSync, constants } from "node:fs";
import { join } from "node:path";
import { Problem } from "@pstore/core/problem";
import { makePrivate } from "./folders.ts";

/**
 * What this client has verified, in one small SQLite file: all changes are made in transactions, so that two commands
 * at once cannot undo each other's. Step by step: each makes of one version of the file the next.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE url (url TEXT PRIMARY KEY, store TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE pin (
    store TEXT NOT NULL,
    user TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    certificate BLOB NOT NULL,
    write_only INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('own', 'first-use', 'trusted')),
    confirmed INTEGER NOT NULL,
    expires INTEGER,
    PRIMARY KEY (store, user, fingerprint)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE object (
    store TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    digest TEXT NOT NULL,
    manifest TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    PRIMARY KEY (store, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX object_name ON object (store, name);
  CREATE TABLE pending (
    store TEXT NOT NULL,
    user TEXT NOT NULL,
    request TEXT NOT NULL,
    pid INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    PRIMARY KEY (store, user, request)
  ) STRICT;
`,
  // Which of a user's own keys the store took last.
  `
  CREATE TABLE sign_in (
    store TEXT NOT NULL,
    user TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (store, user)
  ) STRICT, WITHOUT ROWID;
`,
];

/** The name of the file in the state folder. */
export const fileName = "state.db";

/** An open state database; `isKept` is false where it lives in memory only, because no file can be written. */
export interface StateDatabase {
  readonly sql: Database;
  readonly isKept: boolean;
}

/**
 * Opens the state, making it where there is none. Where the folder cannot be written, what is there is not read
 * either, and the state lives in memory only.
 * @throws Problem `local-fault` when a newer pstore has written the file, or it is damaged
 */
export function openState(folder: string): StateDatabase {
  const path = join(folder, fileName);
  let sql: Database;
  try {
    sql = openFile(folder, path);
  } catch (error) {
    if (error instanceof Problem) throw error;
    refuseDamaged(error, path);
    return stateInMemory();
  }
  return { sql, isKept: true };
}

/** A state that knows nothing, and is kept nowhere. */
export function stateInMemory(): StateDatabase {
  const sql = new Database(":memory:", { strict: true });
  migrate(sql, ":memory:");
  return { sql, isKept: false };
}

/**
 * What an existing state knows, as a copy in memory: whatever is done with it, the file stays as it is.
 * @throws Problem `local-fault` when a newer pstore has written the file, or it is damaged; else Error when it cannot be
 *   read
 */
export function copyOfState(folder: string): StateDatabase {
  const path = join(folder, fileName);
  try {
    const file = new Database(path, { readonly: true });
    file.run("PRAGMA busy_timeout = 10000");
    // Of what is no database, the next line would only say that memory is short.
    readVersion(file);
    const sql = Database.deserialize(file.serialize(), { strict: true });
    file.close();
    migrate(sql, path);
    return { sql, isKept: false };
  } catch (error) {
    refuseDamaged(error, path);
    throw error;
  }
}

/** @throws Problem `local-fault` when an error says that the file is no database any more */
function refuseDamaged(error: unknown, path: string): void {
  const { code } = error as { code?: string };
  if (code !== "SQLITE_NOTADB" && code !== "SQLITE_CORRUPT") return;
  throw new Problem(
    "local-fault",
    `${path} is damaged; move it away, and the keys and machines will be pinned anew`,
    { cause: error },
  );
}

/** A copy of all that a state knows, kept nowhere. */
export function copyOf({ sql }: StateDatabase): StateDatabase {
  return { sql: Database.deserialize(sql.serialize(), { strict: true }), isKept: false };
}

function openFile(folder: string, path: string): Database {
  let sql: Database;
  try {
    sql = new Database(path, { readwrite: true, strict: true });
  } catch {
    makePrivate(folder);
    sql = new Database(path, { readwrite: true, create: true, strict: true });
    chmodSync(path, 0o600);
  }
  // SQLite opens what it may only read without a word, and fails at the first thing to remember.
  for (const place of [folder, path]) accessSync(place, constants.W_OK);
  sql.run("PRAGMA busy_timeout = 10000");
  migrate(sql, path);
  return sql;
}

function migrate(sql: Database, path: string): void {
  const found = readVersion(sql);
  if (found === migrations.length) return;
  if (found > migrations.length)
    throw new Problem("local-fault", `${path} was written by a newer pstore; use that one`);
  sql
    .transaction(() => {
      // Another command may have done it in the meantime.
      for (const step of migrations.slice(readVersion(sql))) sql.run(step);
      sql.run(`PRAGMA user_version = ${migrations.length}`);
    })
    .immediate();
}

function readVersion(sql: Database): number {
  return sql.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
}
