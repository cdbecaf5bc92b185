import { type Change, type Seal, sealNothing } from "../store/change.ts";
import { type Context, machineOf } from "./command.ts";

/** Changes the machine that the command line names, or with `--each` all those that fit, and who has access to them. */
export async function changeNamed(
  context: Context,
  change: Omit<Change, "allow" | "revoke">,
  seal: Seal = sealNothing,
): Promise<void> {
  const { args, store } = context;
  const { allow, revoke } = args;
  await store.change(machineOf(context), { allow, revoke, ...change }, seal);
}
