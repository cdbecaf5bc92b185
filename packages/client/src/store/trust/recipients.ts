import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import type { Person } from "../../person.ts";
import type { Pin, Pins } from "../../state/pins.ts";

/** A member of some of the objects that are about to be signed. */
export interface Recipient {
  readonly user: string;
  /** Those that are listed for them. */
  readonly keys: ReadonlySet<Fingerprint>;
  /** The names of the objects. */
  readonly machines: readonly string[];
}

/**
 * Asks about the members whose keys only the server's word speaks for, and that nobody here has meant yet. Also where
 * nothing is encrypted to them now: whoever signs a list of members with keys of their choice vouches for it to others.
 * @param named who is meant by being named
 * @param objects how many objects there are in all
 * @throws Problem `untrusted-key` when they are not confirmed
 */
export async function confirmRecipients(
  { pins, person }: { pins: Pins; person: Person },
  recipients: readonly Recipient[],
  named: readonly string[],
  objects: number,
): Promise<void> {
  for (const user of named) pins.confirm(user);
  const unmeant = recipients.flatMap((recipient) => {
    const its = pins.ofUser(recipient.user).filter(({ fingerprint }) => recipient.keys.has(fingerprint));
    return its.some(({ confirmed }) => !confirmed) ? [{ ...recipient, pins: its }] : [];
  });
  if (unmeant.length === 0) return;
  if (!(await person.confirm(questionAbout(unmeant, objects)))) {
    throw new Problem(
      "untrusted-key",
      `nothing was stored, because the keys of ${unmeant.map(({ user }) => user).join(", ")} were not confirmed`,
    );
  }
  for (const { user, pins: its } of unmeant)
    pins.confirm(
      user,
      its.map(({ fingerprint }) => fingerprint),
    );
}

/** Users with the same machines are named together. */
function questionAbout(
  unmeant: readonly (Recipient & { readonly pins: readonly Pin[] })[],
  objects: number,
): string {
  const parts = [...Map.groupBy(unmeant, ({ machines }) => whichOf(machines, objects))].map(
    ([which, some], index) => {
      const users = some.map(({ user, pins }) => {
        return `${user} (${pins.map(({ fingerprint }) => readable(fingerprint)).join(", ")})`;
      });
      return `${which} ${index === 0 ? "also with" : "with"} ${users.join(", ")}`;
    },
  );
  return `Share ${parts.join(", and ")}, known from the server's word only?`;
}

function whichOf(machines: readonly string[], objects: number): string {
  if (objects === 1) return "this machine";
  const [first] = machines;
  if (machines.length === 1) return `'${first}'`;
  const these = `these ${objects} machines`;
  return machines.length === objects ? these : `${machines.length} of ${these}`;
}
