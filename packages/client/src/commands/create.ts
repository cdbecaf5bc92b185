import { type Command, machineOf } from "./command.ts";
import { membersChange } from "./each.ts";
import { withPassword } from "./password.ts";

/** `pstore -c MACHINE [+USER]…`: a new machine with a password, shared with the users. */
export const create: Command = (context) =>
  withPassword(context, (seal) =>
    context.store.create(machineOf(context), membersChange(context.args), seal),
  );
