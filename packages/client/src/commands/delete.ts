import { Problem } from "@pstore/core/problem";
import type { StoredObject } from "../store/store.ts";
import { type Change, changeOf } from "../store/writing/change.ts";
import { refuseUnentitled } from "../store/writing/rights.ts";
import { type Command, type Context, machineOf, propertyOf } from "./command.ts";
import { changeNamed, usersText } from "./each.ts";

/** `pstore MACHINE -pd PROPERTY`: a property goes, after a question. */
export const deleteProperty: Command = async (context) => {
  const property = propertyOf(context);
  if (context.args.options.each === null) {
    const change = { allow: context.args.allow, revoke: context.args.revoke, drop: property };
    const { manifest } = await changeable(context, change);
    changeOf(manifest, { allow: [], revoke: [], drop: property });
    const users = usersText(context.args);
    const also = users === "" ? "" : ` and ${users}`;
    await agree(context, `Delete '${property}' of the machine '${manifest.object.name}'${also}?`);
  }
  await changeNamed(context, { drop: property });
};

/** `pstore -D MACHINE`: the machine goes, after a question. */
export const deleteMachine: Command = async (context) => {
  if (context.args.options.each === null) {
    const { manifest } = await changeable(context, { allow: [], revoke: [], remove: true });
    const users = [...manifest.members.keys()].sort().join(", ");
    const what = `'${manifest.object.name}' with its ${count(manifest.properties.size)}`;
    await agree(context, `Delete the machine ${what}, for ${users}?`);
  }
  await changeNamed(context, { remove: true });
};

/** The machine, of who may make a change: nobody is asked about what they may not do. @throws Problem `forbidden` */
async function changeable(context: Context, change: Change): Promise<StoredObject> {
  const { store } = context;
  const object = await store.object(machineOf(context), {});
  refuseUnentitled(object.manifest, store.self, change);
  return object;
}

async function agree({ person }: Context, question: string): Promise<void> {
  if (!(await person.confirm(question))) throw new Problem("declined", "nothing was deleted");
}

function count(properties: number): string {
  return properties === 1 ? "one property" : `${properties} properties`;
}
