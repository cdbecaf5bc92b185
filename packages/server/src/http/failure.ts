import { randomUUID } from "node:crypto";
import { Problem } from "@pstore/core/problem";
import type { Dependencies } from "./dependencies.ts";

/**
 * What whoever asked is told of an error: a problem is told as it is; anything else goes into the server's log, and
 * they are told under which name it stands there.
 */
export function shownProblem({ log }: Pick<Dependencies, "log">, error: unknown): Problem {
  if (error instanceof Problem && error.code !== "internal-error") return error;
  if (isDiskFull(error)) {
    log("the disk of the database is full: nothing can be stored before there is room");
    return new Problem("unavailable", "the disk of the store is full; tell whoever runs it");
  }
  const id = randomUUID();
  log(
    `request ${id}: ${error instanceof Error ? error.stack || error.message || error.name : String(error)}`,
  );
  return new Problem(
    "internal-error",
    `the server failed; its log says why under ${id}, so tell whoever runs it`,
  );
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "SQLITE_FULL" || code === "ENOSPC";
}
