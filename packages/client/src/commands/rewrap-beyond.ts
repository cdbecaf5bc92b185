import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { named } from "../store/named.ts";
import { anyOf, lettersInOf } from "../store/waiting.ts";
import type { Beyond, Rewrapping } from "../store/writing/rewrapper.ts";

/** How many machines are named one by one, where it is all of them. */
const few = 5;

/** What the user here cannot mend: a sentence for all machines with the same reason and the same colleagues to ask. */
export function beyondReach({ beyond, user, shared }: Rewrapping, self: string): readonly string[] {
  const told = beyond.map((one) => ({
    object: one.object,
    why: `${reasonOf(one)}; ${remedyOf(one, user.name, self)}`,
  }));
  return [...Map.groupBy(told, ({ why }) => why)].map(([why, some]) => {
    const objects = some.map(({ object }) => object);
    const which = objects.length === shared && shared > few ? `all ${shared} machines` : named(objects);
    return `${which} ${objects.length === 1 ? "stays" : "stay"} as encrypted before: ${why}`;
  });
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
      return `your key there, ${shown(why.keys)}, is not at the store any more, which takes nothing that it signs`;
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

/** @param user whose keys it is about */
function remedyOf({ why, object }: Beyond, user: string, self: string): string {
  const others = lettersInOf(object.manifest).filter((name) => name !== self && name !== user);
  const option = user === self ? "--rewrap" : `--rewrap=${user}`;
  const ask = others.length === 0 ? null : `ask ${anyOf(others)} to run pstore --rewrap=${user}`;
  const own = ownWay(why.is, option);
  if (own === null) return ask ?? "nobody else is left who could";
  return ask === null || why.is === "loses" ? own : `${own}, or ${ask}`;
}

/** What the user here could do nevertheless. */
function ownWay(why: Beyond["why"]["is"], option: string): string | null {
  switch (why) {
    case "removed":
      return `have it added at the store again for as long as pstore ${option} takes`;
    case "ended":
      return "extend its life and have it added at the store anew";
    case "elsewhere":
      return `run pstore ${option} where it is`;
    case "loses":
      return "have a reading key added at the store";
    default:
      return null;
  }
}
