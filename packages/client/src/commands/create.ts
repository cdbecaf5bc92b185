import { type Command, machineOf } from "./command.ts";
import { withPassword } from "./password.ts";

/** `pstore -c MACHINE [+USER]…`: a new machine with a password, shared with the users. */
export const create: Command = (context) =>
  withPassword(context, (seal) => context.store.create(machineOf(context), context.args.allow, seal));
