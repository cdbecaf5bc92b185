import type { Context } from "./command.ts";
import { asStream, newPassword } from "./password.ts";
import { passwordProperty } from "./show.ts";

/** `pstore -c MACHINE [+USER]…`: a new machine with a password, shared with the users. */
export async function create(context: Context, machine: string): Promise<void> {
  const { args, store } = context;
  // Before the password is typed, not after.
  await Promise.all([store.refuseExisting(machine), store.refuseUnknownUsers(args.allow)]);
  const password = await newPassword(context);
  const value = await store.seal(passwordProperty, "encrypted", asStream(password));
  await store.create(machine, [value], { allow: args.allow, revoke: [] });
}
