import { reads } from "@pstore/core/checks";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { named } from "../store/named.ts";
import { anyOf, lettersInOf } from "../store/waiting.ts";
import type { Beyond, Rewrapping } from "../store/writing/rewrapper.ts";

/** How many machines are named one by one, where it is all of them. */
const few = 5;

/** What the user here cannot mend: a sentence for all machines with the same reason and the same colleagues to ask. */
export function beyondReach({ beyond, user, shared }: Rewrapping, self: string): readonly string[] {
  return whyBeyond(beyond, user.name, self).map(({ why, objects }) => {
    const which = objects.length === shared && shared > few ? `all ${shared} machines` : named(objects);
    return `${which} ${objects.length === 1 ? "stays" : "stay"} as encrypted before: ${why}`;
  });
}

/**
 * Why machines cannot be encrypted to the present keys of a user from here, and what would do it.
 * @param user whose keys it is about
 */
export function whyBeyond(
  beyond: readonly Beyond[],
  user: string,
  self: string,
): readonly { readonly why: string; readonly objects: readonly Beyond["object"][] }[] {
  const told = Map.groupBy(beyond, (one) => `${reasonOf(one)}; ${remedyOf(one, user, self)}`);
  return [...told].map(([why, some]) => ({ why, objects: some.map(({ object }) => object) }));
}

function reasonOf({ why }: Beyond): string {
  switch (why.is) {
    case "reader":
      return "you may read, but not change that";
    case "waits":
      return "nothing there is encrypted to you yet";
    case "write-only":
      return "your key there is write-only, and cannot change that";
    case "removed":
      return `your key there, ${shown(why.keys)}, was removed at the store, and what another one signs is not taken there yet`;
    case "ended":
      return `your key there, ${shown(why.keys)}, is expired or revoked, so the store takes nothing that it signs`;
    case "elsewhere":
      return `your key there, ${shown(why.keys)}, is not here`;
    case "loses":
      return "the store has nothing but write-only keys for them, who would read nothing there any more";
  }
}

function shown(keys: readonly Fingerprint[]): string {
  return keys.map(readable).join(" and ");
}

function remedyOf({ why, object }: Beyond, user: string, self: string): string {
  const { manifest } = object;
  const others = lettersInOf(manifest).filter((name) => name !== self && name !== user);
  const option = user === self ? "--rewrap" : `--rewrap=${user}`;
  const theirs = why.is === "waits" && user === self ? "--pending" : `--rewrap=${user}`;
  const ask = others.length === 0 ? null : `ask ${anyOf(others)} to run pstore ${theirs}`;
  if (why.is === "removed") {
    const again = `have that key added again (pstore-server key add ${self} FILE) and run pstore ${option} where it is`;
    if (ask !== null) return `${ask}, or ${again}`;
    const others = [...manifest.members].some(([name, member]) => name !== self && reads(member));
    return `nobody else could do it: ${again}, else ${others ? "it can never be changed again" : "what is there is lost"}`;
  }
  const own = ownWay(why.is, option, self);
  if (own === null) return ask ?? "nobody else is left who could";
  return ask === null || why.is === "loses" ? own : `${own}, or ${ask}`;
}

/** What the user here could do nevertheless. */
function ownWay(why: Beyond["why"]["is"], option: string, self: string): string | null {
  switch (why) {
    case "ended":
      return `extend its life and have it added anew (pstore-server key add ${self} FILE)`;
    case "elsewhere":
      return `run pstore ${option} where it is`;
    case "loses":
      return "have a reading key added at the store";
    default:
      return null;
  }
}
