import type { Context } from "./command.ts";
import { sealPassword } from "./password.ts";

/** `pstore -c MACHINE [+USER]…`: a new machine with a password, shared with the users. */
export async function create(context: Context, machine: string): Promise<void> {
  await context.store.create(machine, context.args.allow, () => sealPassword(context));
}
