import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import type { Fault } from "../database/fault.ts";
import { faultOf } from "../database/faults.ts";

/** A fault that ends, and that is not the server's own. */
type Told = Exclude<Fault, "duplicate">;

/** After so many seconds whoever asked may try again, where that may help. */
const retryAfter = 1;

/** What whoever asked a server is told. */
const problems: Readonly<Record<Told, () => Problem>> = {
  full: () => new Problem("unavailable", "the disk of the store is full; tell whoever runs it"),
  broken: () =>
    new Problem("unavailable", "the disk of the store cannot be read or written; tell whoever runs it"),
  "read-only": () =>
    // A standby may be made the primary at this moment.
    new Problem("unavailable", "nothing can be written to the store's database; tell whoever runs it", {
      retryAfter: 2,
    }),
  forbidden: () =>
    new Problem("unavailable", "the store's database does not let the server do that; tell whoever runs it"),
  lost: () =>
    new Problem("unavailable", "the server does not reach its database; try again in a moment", {
      retryAfter,
    }),
  busy: () =>
    new Problem("unavailable", "the store is busy with other changes; try again in a moment", {
      retryAfter,
    }),
  conflict: () =>
    new Problem(
      "unavailable",
      "others changed the same at the same time, again and again; try again in a moment",
      { retryAfter },
    ),
};

/** What whoever runs a command on the database is told: two halves of a sentence. */
const advice: Readonly<Record<Told, readonly [what: string, next: string]>> = {
  full: ["the disk of the store is full", "make room, and try again"],
  broken: ["the disk of the store cannot be read or written", "see the system's log and its disks"],
  "read-only": [
    "nothing can be written to the store's database",
    "see who may write to it, and whether it is a standby",
  ],
  forbidden: [
    "the user of the store's database may not do that",
    "give it all rights on that database, also to make tables",
  ],
  lost: ["the store's database is not reached any more", "see whether it runs, and try again"],
  busy: [
    "the store is busy with other changes",
    "try again, and see what else works at its database if this lasts",
  ],
  conflict: ["others changed the same at the same time, again and again", "try again"],
};

/** What whoever asked is told of a fault of the database; `null`: it is another error. */
export function problemOfFault(error: unknown): Problem | null {
  const fault = toldFault(error);
  return fault === null ? null : problems[fault]();
}

/** The same for whoever runs a command: with what the engine says, as nobody else's log has it. */
export function problemOfCommand(error: unknown): Problem | null {
  const fault = toldFault(error);
  if (fault === null) return null;
  const [what, next] = advice[fault];
  const said = error instanceof Error ? error.message : String(error);
  return new Problem("unavailable", `${what} (${asciiLine(said)}); ${next}`, { cause: error });
}

function toldFault(error: unknown): Told | null {
  if ((error as { code?: unknown } | null)?.code === "ENOSPC") return "full";
  const fault = faultOf(error);
  return fault === "duplicate" ? null : fault;
}
