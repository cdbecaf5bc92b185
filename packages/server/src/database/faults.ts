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
 * - `read-only`: nothing can be written there, as on a standby.
 */
export type Fault = "duplicate" | "conflict" | "busy" | "lost" | "full" | "read-only";

const faults: Readonly<Record<string, Fault>> = Object.assign(
  Object.create(null),
  sqliteFaults,
  postgresFaults,
  mysqlFaults,
);

/** What an error of a database says; `null`: something else, or an error of something else. */
export function faultOf(error: unknown): Fault | null {
  if (!(error instanceof Error)) return null;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return faults[String(code)] ?? faults[String(errno)] ?? null;
}

/** Whether an error says that a row would have stood twice. */
export function isDuplicate(error: unknown): boolean {
  return faultOf(error) === "duplicate";
}
