import type { Fault } from "../../fault.ts";

/** What SQLite could not do with its files. A log in which there is no room for its index is one of them. */
const broken = [
  ...["READ", "SHORT_READ", "WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "FSTAT", "DELETE", "ACCESS", "CLOSE"],
  ...["SHMOPEN", "SHMSIZE", "SHMLOCK", "SHMMAP", "SEEK", "MMAP", "LOCK", "UNLOCK", "RDLOCK", "DATA"],
  ...["CHECKRESERVEDLOCK", "GETTEMPPATH", "CORRUPTFS", "BEGIN_ATOMIC", "COMMIT_ATOMIC"],
];

/** SQLite's extended result codes, by their names (sqlite.org/rescode.html). */
export const sqliteFaults: Readonly<Record<string, Fault>> = {
  SQLITE_CONSTRAINT_UNIQUE: "duplicate",
  SQLITE_CONSTRAINT_PRIMARYKEY: "duplicate",
  SQLITE_BUSY: "busy",
  SQLITE_BUSY_RECOVERY: "busy",
  SQLITE_BUSY_TIMEOUT: "busy",
  SQLITE_BUSY_SNAPSHOT: "conflict",
  SQLITE_FULL: "full",
  SQLITE_READONLY: "read-only",
  SQLITE_READONLY_DBMOVED: "read-only",
  SQLITE_READONLY_DIRECTORY: "read-only",
  SQLITE_IOERR: "broken",
  ...Object.fromEntries(broken.map((what) => [`SQLITE_IOERR_${what}`, "broken" as const])),
};
