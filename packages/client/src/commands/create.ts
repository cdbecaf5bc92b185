import { type Command, machineOf } from "./command.ts";
import { sealPassword } from "./password.ts";

/** `pstore -c MACHINE [+USER]…`: a new machine with a password, shared with the users. */
export const create: Command = (context) =>
  context.store.create(machineOf(context), context.args.allow, () => sealPassword(context));
