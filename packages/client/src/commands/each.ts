import type { ObjectRow } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import type { Arguments } from "../cli/words.ts";
import { type Change, type Seal, sealNothing } from "../store/writing/change.ts";
import { type Context, machineOf } from "./command.ts";
import { listText } from "./layout.ts";

/** Changes the machine that the command line names, or with `--each` all those that fit, and who has access to them. */
export async function changeNamed(
  context: Context,
  change: Omit<Change, "allow" | "revoke">,
  seal: Seal = sealNothing,
): Promise<void> {
  const { args, store } = context;
  const { allow, revoke, options } = args;
  const whole = { allow, revoke, ...change };
  if (options.each === null) await store.change(machineOf(context), whole, seal);
  else await store.changeAll(await chosen(context, options.each), whole, seal);
}

/**
 * The machines that `--each` names, shown and agreed to.
 * @throws Problem `not-found` when there are none, `forbidden` when one of them may not be changed
 */
export async function chosen({ args, store, person }: Context, pattern: string): Promise<readonly string[]> {
  const all = await store.matching(pattern);
  const rows = all.filter((row) => isConcerned(row, args));
  if (rows.length === 0) {
    const [user] = args.revoke;
    const why = all.length === 0 ? "no machine of yours fits" : `${user} has access to none that fits`;
    throw new Problem("not-found", `${why} '${pattern}'; pstore lists all of yours`);
  }
  const foreign = rows.filter(({ access }) => access !== "write").map(({ name }) => `'${name}'`);
  if (foreign.length > 0) {
    throw new Problem(
      "forbidden",
      `you may read, but not change, ${foreign.slice(0, 5).join(", ")}${foreign.length > 5 ? ` and ${foreign.length - 5} more` : ""}; nothing was changed, give a pattern that leaves them out`,
    );
  }
  person.show(listText(rows));
  const what = rows.length === 1 ? "this machine" : `these ${rows.length} machines`;
  if (await person.confirm(`${verbOf(args)} ${what}?`)) return rows.map(({ name }) => name);
  throw new Problem("declined", "nothing was changed");
}

/** Where somebody is revoked and nothing else is done, the machines of those without access are left alone. */
function isConcerned({ members }: ObjectRow, { options, allow, revoke }: Arguments): boolean {
  if (options.mode !== null || allow.length > 0) return true;
  return members.some(({ user }) => revoke.includes(user));
}

function verbOf({ options, allow, revoke, property }: Arguments): string {
  const users = [
    ...allow.map(({ user, access }) => `+${user}${access === "read" ? ":read" : ""}`),
    ...revoke.map((user) => `^${user}`),
  ].join(" ");
  switch (options.mode) {
    case "delete":
      return "Delete";
    case "delete-property":
      return `Delete '${property}' of`;
    case "set-public":
    case "set-encrypted":
      return `Set '${property}'${users === "" ? "" : ` and ${users}`} of`;
    default:
      return `Change who has access (${users}) to`;
  }
}
