import type { Context } from "./command.ts";
import { passwordProperty } from "./layout.ts";
import { asStream, newPassword } from "./password.ts";

/** `pstore -c MACHINE [+USER]…`: a new machine with a password, shared with the users. */
export async function create(context: Context, machine: string): Promise<void> {
  const { args, store } = context;
  await store.create(machine, args.allow, async () => {
    const password = await newPassword(context);
    return [await store.seal(passwordProperty, "encrypted", asStream(password))];
  });
}
