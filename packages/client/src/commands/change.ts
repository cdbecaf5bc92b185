import type { Context } from "./command.ts";
import { sealPassword } from "./password.ts";

/** `pstore MACHINE +USER ^USER`: who may read and write. */
export async function changeMembers({ args, store }: Context, machine: string): Promise<void> {
  await store.change(machine, args, async () => []);
}

/** `pstore -P MACHINE [+USER]… [^USER]…`: a new password, and who may read it, in one go. */
export async function changePassword(context: Context, machine: string): Promise<void> {
  await context.store.change(machine, context.args, () => sealPassword(context));
}
