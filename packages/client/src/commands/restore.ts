import { sameProperty } from "@pstore/core/checks";
import type { Property } from "@pstore/core/manifest";
import { type Knower, knowersOf } from "../store/reading/knowers.ts";
import { sealNothing } from "../store/writing/change.ts";
import { type Command, type Context, machineOf } from "./command.ts";
import { membersChange } from "./each.ts";

/**
 * `pstore MACHINE --restore REVISION [PROPERTY]`: brings back a value, or all that the machine had, or the machine. Who
 * may not read it, but knows it from then, is named first.
 */
export const restore: Command = async (context) => {
  const { args, store } = context;
  const { options } = args;
  if (options.restore === null) throw new Error("no revision is given");
  await warnOfKnowers(context, options.restore);
  const back = { revision: options.restore, property: args.property };
  await store.change(machineOf(context), { ...membersChange(args), restore: back }, sealNothing);
};

async function warnOfKnowers(context: Context, revision: number): Promise<void> {
  const { args, store, person } = context;
  const newest = await store.object(machineOf(context), { deleted: true });
  // What is in the way of the change is said when it is made.
  if (newest.access !== "write") return;
  const history = await store.history();
  const { manifest: then } = await history.at(newest, revision);
  const now = newest.manifest;
  const values = new Map<string, Property>();
  for (const [name, entry] of then.properties) {
    if (entry.kind !== "encrypted" || (args.property !== null && args.property !== name)) continue;
    const present = now.deleted ? undefined : now.properties.get(name);
    if (present === undefined || !sameProperty(present, entry)) values.set(name, entry);
  }
  const { allow, revoke } = args;
  for (const knower of await knowersOf(history, newest, values)) {
    const willRead = knower.ended === null && !revoke.includes(knower.user);
    if (!willRead && !allow.some(({ user }) => user === knower.user)) person.warn(warning(knower));
  }
}

function warning({ user, properties, ended }: Knower): string {
  const [names, them] = [properties.map((name) => `'${name}'`).join(", "), properties.length > 1];
  return `${user}, ${how(ended)}, could read ${them ? "these" : "this"} ${names} and still knows ${them ? "them; change them" : "it; change it"}`;
}

function how(ended: Knower["ended"]): string {
  return ended === null ? "revoked with this change" : `revoked in revision ${ended.revision} by ${ended.by}`;
}
