import { Problem } from "@pstore/core/problem";
import { type Command, machineOf, propertyOf } from "./command.ts";
import { changeNamed } from "./each.ts";

/** `pstore MACHINE -pd PROPERTY`: a property goes, after a question. */
export const deleteProperty: Command = async (context) => {
  const { args, person } = context;
  const property = propertyOf(context);
  if (args.options.each === null) {
    const question = `Delete '${property}' of the machine '${machineOf(context)}'?`;
    if (!(await person.confirm(question))) throw declined();
  }
  await changeNamed(context, { drop: property });
};

/** `pstore -D MACHINE`: the machine goes, after a question. */
export const deleteMachine: Command = async (context) => {
  const { args, person, store } = context;
  if (args.options.each === null) {
    const name = machineOf(context);
    const { manifest } = await store.object(name, {});
    const users = [...manifest.members.keys()].sort().join(", ");
    const question = `Delete the machine '${name}' with its ${count(manifest.properties.size)}, for ${users}?`;
    if (!(await person.confirm(question))) throw declined();
  }
  await changeNamed(context, { remove: true });
};

function count(properties: number): string {
  return properties === 1 ? "one property" : `${properties} properties`;
}

function declined(): Problem {
  return new Problem("declined", "nothing was deleted");
}
