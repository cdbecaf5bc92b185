import { Problem } from "@pstore/core/problem";
import { quoted } from "../store/named.ts";
import { type Beyond, othersOf, type Reach } from "../store/reading/reach.ts";
import type { Secret } from "../store/reading/secrets.ts";
import type { StoredObject } from "../store/store.ts";
import type { LeftOut } from "../store/writing/changer.ts";
import type { Revocation } from "../store/writing/revoker.ts";
import { printJson, printLine } from "../terminal/output.ts";
import type { Command, Context } from "./command.ts";
import { listText, nameWidth, rowOf } from "./layout.ts";
import { sayLeftOut } from "./left-out.ts";

/** What became of a user's access. */
interface Outcome {
  /** The names of the machines. */
  readonly revoked: readonly string[];
  /** Those from which the user here could have revoked them, and has not. */
  readonly leftOut: readonly LeftOut[];
  /** What has put an end to it. */
  readonly failure: Problem | null;
}

/**
 * `pstore --offboard USER`: revokes a user from every machine that the user here may write, with one signature, and
 * prints the secrets that they know, the certain ones first.
 * @returns 1 where they have access still, or might have
 */
export const offboard: Command = async (context) => {
  const { args, store, person, output } = context;
  const user = args.options.offboard;
  if (user === null) throw new Error("no user is given");
  if (user === store.self) {
    throw new Problem(
      "usage",
      `you cannot offboard yourself; have a colleague run pstore --offboard ${user}`,
    );
  }
  const { active } = await store.user(user);
  const reach = await store.reach(user, args.options.all);
  const { revocable, beyond, secrets, unseen } = reach;
  const revocation = await store.revocation(revocable);
  sayLeftOut(person, unseen);
  for (const sentence of beyondReach(beyond, user, store.self)) person.warn(sentence);
  sayLeftOut(person, revocation.leftOut);
  const outcome = await revoke(context, revocation, revocable, user);
  const { revoked, leftOut, failure } = outcome;
  if (revocable.length === 0) person.notice(noAccess(reach, user));

  if (args.options.json) await printJson(output, asJson(reach, outcome, { user, self: store.self }));
  else if (secrets.length > 0) await printLine(output, tableOf(secrets, user));
  // What they know is worth knowing also where they could not be revoked.
  if (failure !== null && revoked.length === 0) throw failure;
  const remaining = [...leftOut, ...beyond].map(({ machine }) => machine).sort();
  if (leftOut.length > 0) person.warn(remainderText(user, revoked, remaining));
  if (failure !== null) throw failure;
  const seen = unseen.length === 0 ? "that you see" : "that could be looked at";
  if (secrets.length === 0) person.notice(`${user} knows no secret of the machines ${seen}`);
  else
    person.notice(
      `change what ${user} knows, from the top: pstore -P MACHINE, or pstore MACHINE -pe PROPERTY`,
    );
  if (!args.options.all)
    person.notice(`machines that you do not see are listed by pstore-server user show ${user}`);
  if (active)
    person.notice(`${user} can still sign in: have an admin run pstore-server user disable ${user}`);
  return remaining.length + unseen.length === 0 ? 0 : 1;
};

/** Shows where they can be revoked, asks, and does it. */
async function revoke(
  { args, store, person }: Context,
  revocation: Revocation,
  revocable: readonly StoredObject[],
  user: string,
): Promise<Outcome> {
  const { leftOut } = revocation;
  const isLeftOut = ({ manifest }: StoredObject) =>
    leftOut.some(({ machine }) => machine === manifest.object.name);
  const objects = revocable.filter((object) => !isLeftOut(object));
  if (objects.length === 0) return { revoked: [], leftOut, failure: null };
  person.show(listText(objects.map(rowOf)));
  const what = objects.length === 1 ? "this machine" : `these ${objects.length} machines`;
  const done = (await person.confirm(`Revoke ${user} from ${what}?`))
    ? await store.revoke(revocation, user, args.options.pending ? { pending: true } : {})
    : { machines: [], leftOut: [], failure: new Problem("declined", "nothing was changed") };
  sayLeftOut(person, done.leftOut);
  const told = new Set([...done.machines, ...done.leftOut.map(({ machine }) => machine)]);
  const undone = objects.map(({ manifest }) => manifest.object.name).filter((name) => !told.has(name));
  const why = done.failure?.message ?? "";
  return {
    revoked: objects
      .map(({ manifest }) => manifest.object.name)
      .filter((name) => done.machines.includes(name)),
    leftOut: [...leftOut, ...done.leftOut, ...undone.map((machine) => ({ machine, why }))],
    failure: done.failure,
  };
}

/** Of what could not be looked at, nothing is claimed. */
function noAccess({ beyond, unseen }: Reach, user: string): string {
  if (unseen.length > 0) {
    const count = unseen.length === 1 ? "1 machine" : `${unseen.length} machines`;
    const others =
      beyond.length > 0 ? "there is no other from which you can revoke them" : "they have none to the others";
    return `${count} could not be looked at, where ${user} may have access; ${others}`;
  }
  return beyond.length > 0
    ? `nothing was changed: you cannot revoke ${user} from any machine that they have access to`
    : `${user} has access to no machine that you see`;
}

/** What was done, where that is not all. */
function remainderText(user: string, revoked: readonly string[], remaining: readonly string[]): string {
  const done =
    revoked.length === 0
      ? "was revoked from no machine"
      : `was revoked from ${revoked.length === 1 ? quoted(revoked) : `${revoked.length} machines`}`;
  return `${user} ${done}, and keeps access to ${quoted(remaining)}`;
}

/** What the user here cannot do: a sentence for all machines of the same colleagues. */
function beyondReach(beyond: readonly Beyond[], user: string, self: string): readonly string[] {
  const groups = Map.groupBy(
    beyond,
    ({ writers, readers }) => `${writers.join(" or ")}/${readers.join(" and ")}`,
  );
  return [...groups.values()].map((some) => {
    const names = some.map(({ machine }) => `'${machine}'`).join(", ");
    const { writers = [], readers = [] } = some[0] ?? {};
    if (writers.length > 0) {
      return `${user} keeps access to ${names}, where you cannot revoke them: have ${writers.join(" or ")} run pstore --offboard ${user}`;
    }
    const letIn = `have ${user} let a colleague in before their key is gone (pstore MACHINE +COLLEAGUE)`;
    const others = readers.map((reader) => (reader === self ? "you" : reader)).join(" and ");
    return readers.length > 0
      ? `nobody but ${user} can change ${names}: ${letIn}; ${others} can read, and so store it anew under another name`
      : `nobody but ${user} has access to ${names}: ${letIn}, else it is lost`;
  });
}

function tableOf(secrets: readonly Secret[], user: string): string {
  const row = (machine: string, property: string, last: string) =>
    `${machine.padEnd(nameWidth)} ${property.padEnd(nameWidth)} ${last}`;
  const lines = secrets.map(({ machine, property, how, last }) =>
    row(machine, property, last === null ? "could read" : `${how} ${last.slice(0, "2026-11-20".length)}`),
  );
  return [row("Machine", "Secret", `By ${user}`), "-".repeat(72), ...lines].join("\n");
}

function asJson(
  { revocable, beyond, secrets, unseen }: Reach,
  outcome: Outcome,
  { user, self }: { user: string; self: string },
): object {
  const writersOf = (machine: string) =>
    revocable
      .filter(({ manifest }) => manifest.object.name === machine)
      .flatMap((object) => othersOf(object, user).writers)
      .filter((name) => name !== self);
  return {
    user,
    revoked: outcome.revoked,
    remaining: [
      ...beyond.map(({ machine, writers }) => ({ machine, writers })),
      ...outcome.leftOut.map(({ machine, why }) => ({ machine, writers: writersOf(machine), why })),
    ],
    unseen,
    secrets,
  };
}
