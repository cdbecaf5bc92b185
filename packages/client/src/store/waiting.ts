import { isPending, reads } from "@pstore/core/checks";
import { clientCommand } from "@pstore/core/client-command";
import type { Manifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";

/** How many colleagues a sentence names as those to ask. */
const most = 3;

/** The members who have no key there yet, and wait to be let in, by name. */
export function waitingOf({ members }: Manifest): readonly string[] {
  return [...members]
    .filter(([, member]) => isPending(member))
    .map(([user]) => user)
    .sort();
}

/** Who can let others in: whoever writes, and can read what is to be encrypted anew. By name. */
export function lettersInOf({ members }: Pick<Manifest, "members">): readonly string[] {
  return [...members]
    .filter(([, member]) => member.access === "write" && reads(member))
    .map(([user]) => user)
    .sort();
}

/** Whom to ask for something, in a sentence. */
export function anyOf(users: readonly string[]): string {
  const named = users.length > most ? [...users.slice(0, most), "another writer"] : users;
  return named.join(" or ");
}

/** What tells a member who waits why they can neither read nor write, and whom to ask. */
export function waitingSentence(manifest: Manifest): string {
  const users = lettersInOf(manifest);
  const ask =
    users.length === 0
      ? "and nobody is left who could let you in"
      : `ask ${anyOf(users)} to run ${clientCommand("--pending")}`;
  return `you are a member of '${manifest.object.name}', but nothing is encrypted to you yet: ${ask}`;
}

/** The refusal of what they ask for. */
export function waits(manifest: Manifest): Problem {
  return new Problem("forbidden", waitingSentence(manifest));
}
