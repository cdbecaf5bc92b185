import type { Fault } from "../../faults.ts";

/** SQLite's extended result codes, by their names (sqlite.org/rescode.html). */
export const sqliteFaults: Readonly<Record<string, Fault>> = {
  SQLITE_CONSTRAINT_UNIQUE: "duplicate",
  SQLITE_CONSTRAINT_PRIMARYKEY: "duplicate",
  SQLITE_BUSY: "busy",
  SQLITE_BUSY_SNAPSHOT: "conflict",
  SQLITE_FULL: "full",
  SQLITE_READONLY: "read-only",
  SQLITE_READONLY_DBMOVED: "read-only",
};
