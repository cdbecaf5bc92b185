import { Problem } from "@pstore/core/problem";
import { named } from "../store/named.ts";
import type { StoredObject } from "../store/store.ts";
import { lettersInOf, waitingOf } from "../store/waiting.ts";
import { printJson, printLine } from "../terminal/output.ts";
import type { Command, Context } from "./command.ts";
import {
  asJson,
  beyondReach,
  inWords,
  nameOf,
  tableOf,
  type Waiting,
  type WaitingList,
} from "./waiting-list.ts";

/**
 * `pstore --pending`: shows who waits to be let in, with the keys that they would be let in with, asks, and encrypts
 * everything for them with one signature.
 * @returns 1 where a key is not trusted, or a machine had to be left out
 */
export const pending: Command = async (context) => {
  const { args, store, person, output } = context;
  const { objects, unseen } = await store.waiting();
  const others = objects.filter((object) => othersOf(object, store.self).length > 0);
  const mayLetIn = ({ manifest }: StoredObject) => lettersInOf(manifest).includes(store.self);
  const list: WaitingList = {
    waiting: await waitingFor(context, others.filter(mayLetIn)),
    beyond: others
      .filter((object) => !mayLetIn(object))
      .map((object) => ({ object, users: othersOf(object, store.self) })),
    own: objects.filter(({ isWaiting }) => isWaiting),
    unseen,
  };
  const { waiting } = list;
  if (args.options.json) await printJson(output, asJson(list));
  else if (waiting.length > 0) await printLine(output, tableOf(waiting));
  for (const { machine, why } of unseen) person.warn(`'${machine}' is left out: ${why}`);
  for (const sentence of beyondReach(list)) person.notice(sentence);
  if (objects.length === 0) person.notice("nobody waits to be let in on the machines that you see");
  for (const { prospect, objects: its } of waiting) {
    person.detail(`${prospect.user} waits on ${its.map((object) => `'${nameOf(object)}'`).join(", ")}`);
    if (prospect.is === "refused") person.warn(prospect.why);
    else if (prospect.is !== "ready") person.detail(prospect.why);
  }
  const isComplete = await letIn(context, waiting);
  const isTrusted = waiting.every(({ prospect }) => prospect.is !== "refused");
  return isComplete && isTrusted && unseen.length === 0 ? 0 : 1;
};

/** Who waits there, but for the user here. */
function othersOf({ manifest }: StoredObject, self: string): readonly string[] {
  return waitingOf(manifest).filter((user) => user !== self);
}

async function waitingFor({ store }: Context, objects: readonly StoredObject[]): Promise<readonly Waiting[]> {
  const byUser = new Map<string, StoredObject[]>();
  for (const object of objects)
    for (const user of othersOf(object, store.self)) {
      const its = byUser.get(user);
      if (its === undefined) byUser.set(user, [object]);
      else its.push(object);
    }
  if (byUser.size === 0) return [];
  const prospects = await store.prospects([...byUser.keys()].sort());
  return prospects.map((prospect) => ({ prospect, objects: byUser.get(prospect.user) ?? [] }));
}

/**
 * Lets in whom the person here agrees to.
 * @returns false where a machine had to be left out
 */
async function letIn({ store, person }: Context, waiting: readonly Waiting[]): Promise<boolean> {
  const ready = waiting.filter(({ prospect }) => prospect.is === "ready");
  if (ready.length === 0) return true;
  if (!(await person.confirm(`Let ${ready.map(inWords).join(", and ")}?`)))
    throw new Problem("declined", "nobody was let in");
  const objects = new Map(ready.flatMap((one) => one.objects.map((object) => [nameOf(object), object])));
  const users = ready.map(({ prospect }) => prospect.user);
  const leftOut = await store.letIn([...objects.keys()].sort(), users);
  for (const [why, some] of Map.groupBy(leftOut, (one) => one.why)) {
    const its = some.flatMap(({ machine }) => objects.get(machine) ?? []);
    const are = its.length === 1 ? "is" : "are";
    person.warn(`${named(its)} ${are} left out: ${why}, as in pstore MACHINE +USER --pending`);
  }
  return leftOut.length === 0;
}
