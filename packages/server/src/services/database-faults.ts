import { Problem } from "@pstore/core/problem";
import { type Fault, faultOf } from "../database/faults.ts";

/** What is told of the faults of a database that are not the server's own, and that end. */
const problems: Readonly<Record<Exclude<Fault, "duplicate">, () => Problem>> = {
  full: () => new Problem("unavailable", "the disk of the store is full; tell whoever runs it"),
  "read-only": () =>
    new Problem("unavailable", "nothing can be written to the store's database; tell whoever runs it"),
  lost: () =>
    new Problem("unavailable", "the server does not reach its database; try again in a moment", {
      retryAfter: 2,
    }),
  busy: () =>
    new Problem("unavailable", "the store is busy with other changes; try again in a moment", {
      retryAfter: 2,
    }),
  conflict: () =>
    new Problem("conflict", "others changed the same at the same time, again and again; try again"),
};

/** What whoever asked is told of a fault of the database; `null`: it is another error. */
export function problemOfFault(error: unknown): Problem | null {
  if ((error as { code?: unknown } | null)?.code === "ENOSPC") return problems.full();
  const fault = faultOf(error);
  return fault === null || fault === "duplicate" ? null : problems[fault]();
}
