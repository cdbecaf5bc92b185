import type { Database } from "bun:sqlite";
import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { Problem } from "@pstore/core/problem";
import { type Kysely, sql } from "kysely";
import { AnnouncingDatabase } from "./announcing.ts";
import { BunSqliteDialect, openSqlite } from "./bun-sqlite-dialect.ts";
import { checkVersion } from "./migrate.ts";
import type { Tables } from "./schema.ts";

export type Db = Kysely<Tables>;

/** Where a database is; today a file of SQLite. */
export interface Location {
  readonly path: string;
}

/** A place as it is shown and given back to `--database`. */
export function shownLocation(location: Location): string {
  return `sqlite:${location.path}`;
}

/**
 * Opens the database of an existing store, at whatever version.
 * @throws Problem `unavailable` when there is none, or it cannot be opened
 */
export function openUnchecked(location: Location): Db {
  const { path } = location;
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw unopenable(path, error);
    throw new Problem(
      "unavailable",
      `there is no store at ${path}; make one with 'pstore-server init --admin NAME', or give its path with --database sqlite:PATH`,
    );
  }
  return connect(path, false);
}

/**
 * Opens the database of an existing store of this version.
 * @throws Problem `unavailable` when there is none, or it is not one, or of another version
 */
export async function openDatabase(location: Location): Promise<Db> {
  const db = openUnchecked(location);
  try {
    await checkVersion(db, location.path);
    await useWal(db);
  } catch (error) {
    await db.destroy();
    throw error instanceof Problem ? error : unopenable(location.path, error);
  }
  return db;
}

/**
 * Makes the file of a new database, readable by nobody else, in a folder that is made as well if need be.
 * @throws Problem `conflict` when there is something at its path, `unavailable` when it cannot be made
 */
export async function createDatabase(location: Location): Promise<Db> {
  const { path } = location;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "wx", 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new Problem(
        "conflict",
        `there is a file at ${path} already; 'init' makes new stores only, so give another path or move it away`,
      );
    }
    throw unopenable(path, error);
  }
  const db = connect(path, true);
  try {
    await useWal(db);
  } catch (error) {
    await db.destroy();
    // An empty file would be in the way of the next `init`.
    rmSync(path, { force: true });
    throw unopenable(path, error);
  }
  return db;
}

/**
 * Readers do not wait for a writer, nor the reverse. The file remembers it; it is said again for one that was restored
 * from a copy, and only once it is known to be ours.
 */
async function useWal(db: Db): Promise<void> {
  await sql`pragma journal_mode = wal`.execute(db);
}

function connect(path: string, create: boolean): Db {
  let sqlite: Database;
  try {
    sqlite = openSqlite(path, create);
  } catch (error) {
    throw unopenable(path, error);
  }
  return new AnnouncingDatabase({ dialect: new BunSqliteDialect(sqlite) });
}

function unopenable(path: string, error: unknown): Problem {
  const why = error instanceof Error ? error.message : String(error);
  return new Problem(
    "unavailable",
    `the database ${path} cannot be used (${why}); check the path and its rights`,
    {
      cause: error,
    },
  );
}

/** Whether an error says that a row would have stood twice. */
export function isDuplicate(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY";
}
