import { mysqlFaults } from "./engines/mysql/faults.ts";
import { postgresFaults } from "./engines/postgres/faults.ts";
import { sqliteFaults } from "./engines/sqlite/faults.ts";
import type { Fault } from "./fault.ts";

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

/**
 * What work comes to, or something else where a row would have stood twice: somebody else was first, whatever was looked at
 * before.
 */
export async function unlessDuplicate<T>(work: Promise<T>, otherwise: () => T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (faultOf(error) === "duplicate") return otherwise();
    throw error;
  }
}
