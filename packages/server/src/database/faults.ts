import { mysqlFaults } from "./engines/mysql/faults.ts";
import { postgresFaults } from "./engines/postgres/faults.ts";
import { sqliteFaults } from "./engines/sqlite/faults.ts";

/**
 * What went wrong in a database, whichever it is:
 * - `duplicate`: a row would have stood twice;
 * - `conflict`: another transaction was first, nothing of this one is stored, and it may be tried again;
 * - `busy`: a lock was waited for in vain;
 * - `lost`: the connection is gone, or could not be had;
 * - `full`: there is no room;
 * - `broken`: what it lies on could not be read or written;
 * - `read-only`: nothing can be written there, as on a standby;
 * - `forbidden`: the store's user at the database server may not do it.
 */
export type Fault =
  | "duplicate"
  | "conflict"
  | "busy"
  | "lost"
  | "full"
  | "broken"
  | "read-only"
  | "forbidden";

const faults: Readonly<Record<string, Fault>> = Object.assign(
  Object.create(null),
  sqliteFaults,
  postgresFaults,
  mysqlFaults,
);

/** What an error of a database says; `null`: something else, or an error of something else. */
export function faultOf(error: unknown): Fault | null {
  if (!(error instanceof Error)) return null;
  const { code, errno, syscall } = error as { code?: unknown; errno?: unknown; syscall?: unknown };
  // Whatever it says: of a socket, also that there is no such file.
  if (syscall === "connect") return "lost";
  return faults[String(code)] ?? faults[String(errno)] ?? null;
}

/** Whether an error says that a row would have stood twice. */
export function isDuplicate(error: unknown): boolean {
  return faultOf(error) === "duplicate";
}
