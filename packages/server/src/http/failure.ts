import { Problem } from "@pstore/core/problem";
import { problemOfFault } from "../services/database-faults.ts";
import type { Dependencies } from "./dependencies.ts";

/**
 * What whoever asked is told of an error: a problem is told as it is; anything else goes into the server's log, under the
 * request's id, and they are told that.
 */
export function shownProblem({ log }: Pick<Dependencies, "log">, error: unknown, requestId: string): Problem {
  if (error instanceof Problem && error.code !== "internal-error") return error;
  const fault = problemOfFault(error);
  if (fault !== null) {
    log(`${fault.message} (${error instanceof Error ? error.message : String(error)})`, requestId);
    return fault;
  }
  log(error instanceof Error ? error.stack || error.message || error.name : String(error), requestId);
  return new Problem(
    "internal-error",
    `the server failed; its log says why under ${requestId}, so tell whoever runs it`,
  );
}
