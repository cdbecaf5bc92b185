import { Problem } from "@pstore/core/problem";
import type { Arguments } from "../cli/words.ts";
import { named } from "../store/named.ts";
import type { StoredObject } from "../store/store.ts";
import { type Change, type Seal, sealNothing } from "../store/writing/change.ts";
import { type Context, machineOf } from "./command.ts";
import { listText, rowOf } from "./layout.ts";

type MembersChange = Pick<Change, "allow" | "revoke" | "pending">;

/** What the command line says of who has access. */
export function membersChange({ allow, revoke, options }: Arguments): MembersChange {
  return { allow, revoke, ...(options.pending ? { pending: true } : {}) };
}

/** Changes the machine that the command line names, or with `--each` all those that fit, and who has access to them. */
export async function changeNamed(
  context: Context,
  change: Omit<Change, keyof MembersChange>,
  seal: Seal = sealNothing,
): Promise<void> {
  const { args, store } = context;
  const { options } = args;
  const whole = { ...membersChange(args), ...change };
  if (options.each === null) await store.change(machineOf(context), whole, seal);
  else await store.changeAll(await chosen(context, options.each), whole, seal);
}

/**
 * The machines that `--each` names, shown and agreed to: as their writers have signed them, not as the server lists them.
 * @throws Problem `not-found` when there are none, `forbidden` when one of them may not be changed
 */
export async function chosen({ args, store, person }: Context, pattern: string): Promise<readonly string[]> {
  const all = await store.matching(pattern);
  const objects = all.filter((object) => isConcerned(object, args));
  if (objects.length === 0) {
    const [user] = args.revoke;
    const why = all.length === 0 ? "no machine of yours fits" : `${user} has access to none that fits`;
    throw new Problem("not-found", `${why} '${pattern}'; pstore lists all of yours`);
  }
  refuseForeign(objects);
  person.show(listText(objects.map(rowOf)));
  const what = objects.length === 1 ? "this machine" : `these ${objects.length} machines`;
  if (!(await person.confirm(`${verbOf(args)} ${what}?`)))
    throw new Problem("declined", "nothing was changed");
  return objects.map(({ manifest }) => manifest.object.name);
}

function refuseForeign(objects: readonly StoredObject[]): void {
  const foreign = objects.filter(({ access }) => access !== "write");
  if (foreign.length === 0) return;
  throw new Problem(
    "forbidden",
    `you may read, but not change, ${named(foreign)}; nothing was changed, give a pattern that leaves them out`,
  );
}

/** Where somebody is revoked and nothing else is done, the machines of those without access are left alone. */
function isConcerned({ manifest }: StoredObject, { options, allow, revoke }: Arguments): boolean {
  if (options.mode !== null || allow.length > 0) return true;
  return revoke.some((user) => manifest.members.has(user));
}

function verbOf(args: Arguments): string {
  const { options, property } = args;
  const users = usersText(args);
  const also = users === "" ? "" : ` and ${users}`;
  switch (options.mode) {
    case "delete":
      return "Delete";
    case "delete-property":
      return `Delete '${property}'${also} of`;
    case "set-public":
    case "set-encrypted":
      return `Set '${property}'${also} of`;
    default:
      return `Change who has access (${users}) to`;
  }
}

/** Who is allowed and revoked, as on the command line. */
export function usersText({ allow, revoke }: Arguments): string {
  const allowed = allow.map(({ user, access }) => `+${user}${access === "read" ? ":read" : ""}`);
  return [...allowed, ...revoke.map((user) => `^${user}`)].join(" ");
}
