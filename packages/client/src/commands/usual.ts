import { changeMembers } from "./change.ts";
import type { Command } from "./command.ts";
import { list } from "./list.ts";
import { show } from "./show.ts";

/** Lists, or shows a machine; with users named, allows and revokes. */
export const usual: Command = (context) => {
  const { machine, allow, revoke } = context.args;
  if (allow.length + revoke.length > 0) return changeMembers(context);
  return machine === null ? list(context) : show(context);
};
