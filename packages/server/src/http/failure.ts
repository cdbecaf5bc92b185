import { Problem } from "@pstore/core/problem";
import { problemOfFault } from "../services/database-faults.ts";
import type { Dependencies } from "./dependencies.ts";
import { tellSeldom } from "./seldom.ts";

/**
 * What whoever asked is told of an error: a problem is told as it is; a fault of the database by what it is; anything else
 * goes into the server's log, under the request's id, and they are told that.
 */
export function shownProblem({ log }: Pick<Dependencies, "log">, error: unknown, requestId: string): Problem {
  if (error instanceof Problem && error.code !== "internal-error") {
    // A database that breaks in the middle of a commit is a problem already.
    if (error.code === "unavailable" && problemOfFault(error.cause) !== null)
      tellSeldom(log, error.message, messageOf(error.cause), requestId);
    return error;
  }
  const fault = problemOfFault(error);
  if (fault !== null) {
    tellSeldom(log, fault.message, messageOf(error), requestId);
    return fault;
  }
  log(error instanceof Error ? error.stack || error.message || error.name : String(error), requestId);
  return new Problem(
    "internal-error",
    `the server failed; its log says why under ${requestId}, so tell whoever runs it`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
