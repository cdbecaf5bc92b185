import { Problem } from "@pstore/core/problem";
import type { StoredObject } from "../store/store.ts";
import { changeOf, mayNotChange } from "../store/writing/change.ts";
import { type Command, type Context, machineOf, propertyOf } from "./command.ts";
import { changeNamed, usersText } from "./each.ts";

/** `pstore MACHINE -pd PROPERTY`: a property goes, after a question. */
export const deleteProperty: Command = async (context) => {
  const property = propertyOf(context);
  if (context.args.options.each === null) {
    const { manifest } = await writable(context, machineOf(context));
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
    const { manifest } = await writable(context, machineOf(context));
    const users = [...manifest.members.keys()].sort().join(", ");
    const what = `'${manifest.object.name}' with its ${count(manifest.properties.size)}`;
    await agree(context, `Delete the machine ${what}, for ${users}?`);
  }
  await changeNamed(context, { remove: true });
};

/** The machine, of who may change it: nobody is asked about what they may not do. @throws Problem `forbidden` */
async function writable({ store }: Context, name: string): Promise<StoredObject> {
  const object = await store.object(name, {});
  if (object.access !== "write") throw mayNotChange(name, object.access);
  return object;
}

async function agree({ person }: Context, question: string): Promise<void> {
  if (!(await person.confirm(question))) throw new Problem("declined", "nothing was deleted");
}

function count(properties: number): string {
  return properties === 1 ? "one property" : `${properties} properties`;
}
