import { readable } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import type { Person } from "../../person.ts";
import type { Pins } from "../../state/pins.ts";

/**
 * Asks about the members whose keys only the server's word speaks for, and that nobody here has meant yet. Also where
 * nothing is encrypted to them now: whoever signs a list of members vouches for it to all others.
 * @param named who is meant by being named
 * @param objects how many objects these users are members of
 * @throws Problem `untrusted-key` when they are not confirmed
 */
export async function confirmRecipients(
  { pins, person }: { pins: Pins; person: Person },
  users: readonly string[],
  named: readonly string[],
  objects: number,
): Promise<void> {
  for (const user of named) pins.confirm(user);
  const unmeant = users.filter((user) => pins.ofUser(user).some((pin) => !pin.confirmed));
  if (unmeant.length === 0) return;
  const list = unmeant.map((user) => {
    const keys = pins.ofUser(user).map((pin) => readable(pin.fingerprint));
    return `${user} (${keys.join(", ")})`;
  });
  const what = objects === 1 ? "this machine" : `these ${objects} machines`;
  const question = `Share ${what} also with ${list.join(", ")}, known from the server's word only?`;
  if (!(await person.confirm(question))) {
    throw new Problem(
      "untrusted-key",
      `nothing was stored, because the keys of ${unmeant.join(", ")} were not confirmed`,
    );
  }
  for (const user of unmeant) pins.confirm(user);
}
