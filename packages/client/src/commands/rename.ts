import { type Command, machineOf } from "./command.ts";
import { membersChange } from "./each.ts";

/** `pstore MACHINE --rename NEW`: another name; who has access may change in the same go. */
export const rename: Command = async (context) => {
  const { args, store } = context;
  const { options } = args;
  if (options.rename === null) throw new Error("no new name is given");
  await store.change(machineOf(context), { ...membersChange(args), rename: options.rename }, async () => []);
};
