import type { Database } from "bun:sqlite";
import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { Problem } from "@pstore/core/problem";
import { sql } from "kysely";
import type { SqliteLocation } from "../../location.ts";
import { StoreDatabase } from "../../store-database.ts";
import { type Engine, messageOf } from "../engine.ts";
import { columnTypes } from "./columns.ts";
import { BunSqliteDialect, openSqlite } from "./dialect.ts";

export const sqlite: Engine<SqliteLocation> = {
  columnTypes: async () => columnTypes,

  async open({ path }) {
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      throw new Problem(
        "unavailable",
        `there is no store at ${path}; make one with 'pstore-server init --admin NAME', or give its path with --database sqlite:PATH`,
      );
    }
    return databaseOf(openSqlite(path, false));
  },

  async create(location) {
    const { path } = location;
    makeFile(path);
    let db: StoreDatabase | undefined;
    try {
      db = databaseOf(openSqlite(path, true));
      await settle(db);
    } catch (error) {
      await db?.destroy();
      // An empty file would be in the way of the next `init`.
      rmSync(path, { force: true });
      throw error;
    }
    return db;
  },

  settle,

  async discard({ path }, db) {
    await db.destroy();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  },

  explain: (error) => ({ why: messageOf(error), advice: "check the path and its rights" }),
};

/**
 * Readers do not wait for a writer, nor the reverse. The file remembers it; it is said again for one that was restored
 * from a copy, and only once it is known to be ours.
 */
async function settle(db: StoreDatabase): Promise<void> {
  await sql`pragma journal_mode = wal`.execute(db);
}

function databaseOf(database: Database): StoreDatabase {
  return new StoreDatabase("sqlite", new BunSqliteDialect(database));
}

/** Makes the file, readable by nobody else, in a folder that is made as well if need be. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Problem(
      "conflict",
      `there is a file at ${path} already; a new store needs a place of its own, so give another path or move it away`,
    );
  }
  chmodSync(path, 0o600);
}
