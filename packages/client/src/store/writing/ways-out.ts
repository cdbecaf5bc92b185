import { Problem } from "@pstore/core/problem";
import type { NoUsableKey } from "./present-keys.ts";

/** Somebody to whom nothing can be encrypted, and who therefore is in the way of a change. */
export interface InTheWay {
  readonly user: string;
  readonly fault: NoUsableKey;
  /** Whether the change would have made them a member; else they are one. */
  readonly isNew: boolean;
}

/** The refusal of a change, with all that its author can do instead; whoever is in the way is named at once. */
export function stopped(all: readonly InTheWay[], first: InTheWay): Problem {
  const lost = all.filter(({ fault }) => !fault.mayWait);
  const waiting = all.filter(({ fault }) => fault.mayWait);
  if (all.length === 1) return new Problem("unusable-key", `${first.fault.message}; ${waysOf(all)}`);
  const users = all.map(({ user }) => user).join(", ");
  const ways =
    lost.length === 0 || waiting.length === 0
      ? waysOf(all)
      : `${waysOf(lost, namesOf(lost))}; ${waysOf(waiting, namesOf(waiting))}`;
  return new Problem(
    "unusable-key",
    `nothing can be encrypted for ${users}; ${ways} (of the first: ${first.fault.message})`,
  );
}

/** What can be done about some, all of whom may wait for a key, or none. */
function waysOf(some: readonly InTheWay[], them = some.length === 1 ? namesOf(some) : "them"): string {
  const [kept, fresh] = [some.filter(({ isNew }) => !isNew), some.filter(({ isNew }) => isNew)];
  const mayWait = some.every(({ fault }) => fault.mayWait);
  const ways: string[] = [];
  const isOther = some.every(({ fault }) => fault.hasOther);
  if (isOther) {
    const words = some.map(({ user }) => `+${user}`).join(" ");
    ways.push(`encrypt to the present keys of ${them} with ${words} in the same command`);
  }
  if (kept.length > 0) {
    const words = kept.map(({ user }) => `^${user}`).join(" ");
    ways.push(`revoke ${fresh.length === 0 ? them : namesOf(kept)} with ${words} in the same command`);
  }
  if (fresh.length > 0) ways.push(`leave out ${fresh.map(({ user }) => `+${user}`).join(" ")}`);
  if (mayWait) {
    const verb = fresh.length === 0 ? "keep" : kept.length === 0 ? "add" : "have";
    const [members, keys] = some.length === 1 ? ["a member", "a usable key"] : ["members", "usable keys"];
    ways.push(`${verb} ${them} as ${members}, to be let in later, with --pending`);
    if (!isOther) ways.push(`have ${keys} added at the store`);
  } else if (some.length === 1) ways.push(...kept.map(({ user }) => `everywhere with --offboard ${user}`));
  return oneOf(ways);
}

function namesOf(some: readonly InTheWay[]): string {
  return some.map(({ user }) => user).join(" and ");
}

function oneOf(ways: readonly string[]): string {
  return ways.length < 2 ? ways.join("") : `${ways.slice(0, -1).join(", ")}, or ${ways.at(-1)}`;
}
