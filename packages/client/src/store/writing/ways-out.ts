import { Problem } from "@pstore/core/problem";
import type { NoUsableKey } from "./present-keys.ts";

/** Somebody to whom nothing can be encrypted, and who therefore is in the way of a change. */
export interface InTheWay {
  readonly user: string;
  readonly fault: Pick<NoUsableKey, "message" | "mayWait" | "hasOther">;
  /** Whether the change would have made them a member; else they are one. */
  readonly isNew: boolean;
}

/** What is done: a change may say more in the same command, the others are commands of their own. */
export type Setting = "change" | "let-in" | "rewrap";

/** The refusal of a change, with all that its author can do instead; whoever is in the way is named at once. */
export function stopped(all: readonly InTheWay[], first: InTheWay, setting: Setting): Problem {
  if (all.length === 1)
    return new Problem("unusable-key", `${first.fault.message}; ${waysOf(all, namesOf(all), setting)}`);
  const lost = all.filter(({ fault }) => !fault.mayWait);
  const waiting = all.filter(({ fault }) => fault.mayWait);
  const users = all.map(({ user }) => user).join(", ");
  const ways =
    lost.length === 0 || waiting.length === 0
      ? waysOf(all, "them", setting)
      : `${waysOf(lost, namesOf(lost), setting)}; as for ${namesOf(waiting)}, ${waysOf(waiting, waiting.length === 1 ? namesOf(waiting) : "them", setting)}`;
  return new Problem(
    "unusable-key",
    `nothing can be encrypted for ${users}; ${ways} (of the first: ${first.fault.message})`,
  );
}

/** What can be done about some, all of whom may wait for a key, or none. */
function waysOf(some: readonly InTheWay[], them: string, setting: Setting): string {
  const [kept, fresh] = [some.filter(({ isNew }) => !isNew), some.filter(({ isNew }) => isNew)];
  const mayWait = some.every(({ fault }) => fault.mayWait);
  const hasOther = some.every(({ fault }) => fault.hasOther);
  const ways: string[] = [];
  if (hasOther) {
    const keys = some.length === 1 ? `the present keys of ${namesOf(some)}` : "their present keys";
    const everywhere = `pstore --rewrap=${userOf(some)}`;
    const how =
      setting === "change"
        ? `${signed("+", some)} in the same command, or ${everywhere} for all machines at once`
        : everywhere;
    ways.push(`encrypt to ${keys} (${how})`);
  }
  const gone: string[] = [];
  if (kept.length > 0) {
    const words = signed("^", kept);
    const here = setting === "change" ? `${words} in the same command` : `pstore MACHINE ${words}`;
    const everywhere = mayWait ? "" : `, or pstore --offboard ${userOf(kept)} for all machines at once`;
    gone.push(`revoke ${fresh.length === 0 ? them : namesOf(kept)} (${here}${everywhere})`);
  }
  if (fresh.length > 0) gone.push(`leave out ${signed("+", fresh)}`);
  ways.push(gone.join(" and "));
  if (mayWait) {
    const how = setting === "let-in" ? "pstore MACHINE +USER --pending" : "--pending in the same command";
    ways.push(`let ${them} wait to be let in (${how})`);
    if (!hasOther) ways.push(`have ${some.length === 1 ? "a usable key" : "usable keys"} added at the store`);
  }
  return oneOf(ways);
}

function signed(sign: string, some: readonly InTheWay[]): string {
  return some.map(({ user }) => `${sign}${user}`).join(" ");
}

/** The user in a command that takes one. */
function userOf(some: readonly InTheWay[]): string {
  return some.length === 1 ? namesOf(some) : "USER";
}

function namesOf(some: readonly InTheWay[]): string {
  return oneOf(
    some.map(({ user }) => user),
    "and",
  );
}

function oneOf(items: readonly string[], word = "or"): string {
  const [last] = items.slice(-1);
  if (items.length < 2) return items.join("");
  const comma = items.length > 2 || word === "or" ? "," : "";
  return `${items.slice(0, -1).join(", ")}${comma} ${word} ${last}`;
}
