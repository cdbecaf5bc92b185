import type { Context } from "./command.ts";
import { passwordProperty } from "./layout.ts";
import { asStream, newPassword } from "./password.ts";

/** `pstore MACHINE +USER ^USER`: who may read and write. */
export async function changeMembers({ args, store }: Context, machine: string): Promise<void> {
  await store.change(machine, args, async () => []);
}

/** `pstore -P MACHINE [+USER]… [^USER]…`: a new password, and who may read it, in one go. */
export async function changePassword(context: Context, machine: string): Promise<void> {
  const { args, store } = context;
  await store.change(machine, args, async () => {
    const password = await newPassword(context);
    return [await store.seal(passwordProperty, "encrypted", asStream(password))];
  });
}
