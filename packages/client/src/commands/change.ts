import type { Command } from "./command.ts";
import { changeNamed } from "./each.ts";
import { withPassword } from "./password.ts";

/** `pstore MACHINE +USER ^USER`: who may read and write. */
export const changeMembers: Command = (context) => changeNamed(context, {});

/** `pstore -P MACHINE [+USER]… [^USER]…`: a new password, and who may read it, in one go. */
export const changePassword: Command = (context) =>
  withPassword(context, (seal) => changeNamed(context, {}, seal));
