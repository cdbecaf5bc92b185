import { Problem } from "@pstore/core/problem";
import type { Beyond, Reach } from "../store/reading/reach.ts";
import type { Secret } from "../store/reading/secrets.ts";
import type { StoredObject } from "../store/store.ts";
import { sealNothing } from "../store/writing/change.ts";
import { printJson, printLine } from "../terminal/output.ts";
import type { Command, Context } from "./command.ts";
import { membersChange } from "./each.ts";
import { listText, nameWidth, rowOf } from "./layout.ts";
import { sayLeftOut } from "./left-out.ts";

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
  sayLeftOut(person, unseen);
  for (const sentence of beyondReach(beyond, user, store.self)) person.warn(sentence);
  const failure = revocable.length > 0 ? await revoke(context, revocable, user) : null;
  if (revocable.length === 0)
    person.notice(
      beyond.length > 0
        ? `nothing was changed: you cannot revoke ${user} from any machine that they have access to`
        : `${user} has access to no machine that you see`,
    );

  if (args.options.json) await printJson(output, asJson(reach, user));
  else if (secrets.length > 0) await printLine(output, tableOf(secrets, user));
  if (secrets.length === 0) person.notice(`${user} knows no secret of the machines that you see`);
  else
    person.notice(
      `change what ${user} knows, from the top: pstore -P MACHINE, or pstore MACHINE -pe PROPERTY`,
    );
  // What they know is worth knowing also where they could not be revoked.
  if (failure !== null) throw failure;
  if (!args.options.all)
    person.notice(`machines that you do not see are listed by pstore-server user show ${user}`);
  if (active)
    person.notice(`${user} can still sign in: have an admin run pstore-server user disable ${user}`);
  return beyond.length + unseen.length === 0 ? 0 : 1;
};

/** @returns why they were not revoked; `null` when they were */
async function revoke(
  { args, store, person }: Context,
  objects: readonly StoredObject[],
  user: string,
): Promise<Problem | null> {
  person.show(listText(objects.map(rowOf)));
  const what = objects.length === 1 ? "this machine" : `these ${objects.length} machines`;
  if (!(await person.confirm(`Revoke ${user} from ${what}?`)))
    return new Problem("declined", "nothing was changed");
  const names = objects.map(({ manifest }) => manifest.object.name);
  try {
    await store.changeAll(names, { ...membersChange(args), revoke: [user] }, sealNothing);
    return null;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
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

function asJson({ revocable, beyond, secrets, unseen }: Reach, user: string): object {
  return {
    user,
    revoked: revocable.map(({ manifest }) => manifest.object.name),
    remaining: beyond.map(({ machine, writers }) => ({ machine, writers })),
    unseen,
    secrets,
  };
}
