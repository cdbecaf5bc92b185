import { type Command, machineOf } from "./command.ts";

/** `pstore MACHINE --rename NEW`: another name; who has access may change in the same go. */
export const rename: Command = async (context) => {
  const { args, store } = context;
  const { allow, revoke, options } = args;
  if (options.rename === null) throw new Error("no new name is given");
  await store.change(machineOf(context), { allow, revoke, rename: options.rename }, async () => []);
};
