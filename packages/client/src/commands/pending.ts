import { isPending } from "@pstore/core/checks";
import { clientCommand, grantOf } from "@pstore/core/client-command";
import { Problem } from "@pstore/core/problem";
import type { StoredObject } from "../store/store.ts";
import { lettersInOf, waitingOf } from "../store/waiting.ts";
import type { Ready } from "../store/writing/prospects.ts";
import { printJson, printLine } from "../terminal/output.ts";
import type { Command, Context } from "./command.ts";
import { sayLeftOut } from "./left-out.ts";
import {
  asJson,
  beyondReach,
  inWords,
  letInText,
  nameOf,
  tableOf,
  type Waiting,
  type WaitingList,
  whatComesNext,
} from "./waiting-list.ts";

/**
 * `pstore --pending[=USER]`: shows who waits to be let in, with the keys that they would be let in with, asks, and
 * encrypts everything for them with one signature.
 * @returns 1 where a key is not trusted, or a machine had to be left out
 */
export const pending: Command = async (context) => {
  const { args, store, person, output } = context;
  const only = args.options.letIn;
  const isMeant = (user: string) => only.length === 0 || only.includes(user);
  const { objects: all, seen, unseen } = await store.waiting();
  const objects = all.filter(({ manifest }) => waitingOf(manifest).some(isMeant));
  const meant = (object: StoredObject) => waitingOf(object.manifest).filter(isMeant);
  const nowhere = only.filter((user) => !objects.some((object) => meant(object).includes(user)));
  // Nothing is done where a name is mistyped.
  for (const user of nowhere) await store.user(user);

  const othersOf = (object: StoredObject) => meant(object).filter((user) => user !== store.self);
  const others = objects.filter((object) => othersOf(object).length > 0);
  const mayLetIn = ({ manifest }: StoredObject) => lettersInOf(manifest).includes(store.self);
  const list: WaitingList = {
    waiting: await waitingFor(context, others.filter(mayLetIn), othersOf),
    beyond: others
      .filter((object) => !mayLetIn(object))
      .map((object) => ({ object, users: othersOf(object) })),
    own: objects.filter(({ isWaiting }) => isWaiting && isMeant(store.self)),
    unseen,
  };
  const { waiting } = list;
  const now = new Date();
  if (args.options.json) await printJson(output, asJson(list, now));
  else if (waiting.length > 0) await printLine(output, tableOf(waiting, now));
  sayLeftOut(person, unseen);
  for (const sentence of beyondReach(list)) person.notice(sentence);
  // Of what could not be looked at, nothing is claimed.
  if (seen > 0 || unseen.length === 0) {
    const where = unseen.length === 0 ? "the machines that you see" : "the other machines";
    for (const user of nowhere) person.notice(`${user} does not wait to be let in on ${where}`);
    if (only.length === 0 && objects.length === 0) person.notice(`nobody waits to be let in on ${where}`);
  }
  for (const { prospect, objects: its } of waiting) {
    person.detail(`${prospect.user} waits on ${its.map((object) => `'${nameOf(object)}'`).join(", ")}`);
    if (prospect.is === "refused") person.warn(prospect.why);
    else if (prospect.is !== "ready") person.detail(prospect.why);
  }
  const next = whatComesNext(waiting);
  if (next !== null) person.notice(next);
  const isComplete = await letIn(context, waiting);
  const isTrusted = waiting.every(({ prospect }) => prospect.is !== "refused");
  return isComplete && isTrusted && unseen.length === 0 ? 0 : 1;
};

async function waitingFor(
  { store }: Context,
  objects: readonly StoredObject[],
  usersOf: (object: StoredObject) => readonly string[],
): Promise<readonly Waiting[]> {
  const byUser = new Map<string, StoredObject[]>();
  for (const object of objects)
    for (const user of usersOf(object)) {
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
  const ready = waiting.filter(isReady);
  if (ready.length === 0) return true;
  if (!(await person.confirm(`Let ${ready.map(inWords).join(", and ")}?`)))
    throw new Problem("declined", "nobody was let in");
  const names = new Set(ready.flatMap(({ objects }) => objects.map(nameOf)));
  const shown = ready.map(({ prospect }) => prospect);
  const leftOut = await store.letIn([...names].sort(), shown);
  sayLeftOut(person, leftOut);
  const undecided = ready
    .flatMap(({ objects }) => objects)
    .find((object) => leftOut.some((one) => one.isUndecided && one.machine === nameOf(object)));
  if (undecided !== undefined) person.notice(aloneText(undecided, shown));
  const isLeftOut = (object: StoredObject) => leftOut.some(({ machine }) => machine === nameOf(object));
  const done = ready
    .map(({ prospect, objects }) => ({ prospect, objects: objects.filter((one) => !isLeftOut(one)) }))
    .filter(({ objects }) => objects.length > 0);
  if (done.length > 0) person.notice(letInText(done));
  return leftOut.length === 0;
}

/** How one machine is changed by itself. */
function aloneText({ manifest }: StoredObject, shown: readonly Ready[]): string {
  const grants = shown.flatMap(({ user }) => {
    const member = manifest.members.get(user);
    return member !== undefined && isPending(member) ? [grantOf(user, member.access)] : [];
  });
  const command = clientCommand(manifest.object.name, ...grants);
  return `what is left out is changed by itself, with ^USER or --pending in the same command: ${command}`;
}

function isReady(one: Waiting): one is Waiting & { readonly prospect: Ready } {
  return one.prospect.is === "ready";
}
