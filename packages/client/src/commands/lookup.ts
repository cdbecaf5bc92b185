import type { LookupMode } from "../cli/modes.ts";
import type { Arguments } from "../cli/words.ts";
import type { Names } from "../store/names.ts";
import { machineOf } from "./command.ts";

type Lookup = (names: Names, args: Arguments) => Promise<readonly string[]>;

/** What completion asks for: each answers names, to be printed one a line. */
export const lookups: Readonly<Record<LookupMode, Lookup>> = {
  "lookup-machine": async (names, args) => containing(args, await names.machines(args.machine ?? "")),
  "lookup-property": (names, args) => names.properties(machineOf({ args })),
  "lookup-member": (names, args) => names.members(machineOf({ args })),
  "lookup-user": async (names, args) => containing(args, await names.users(args.machine ?? "")),
};

function containing({ machine: text }: Arguments, names: readonly string[]): readonly string[] {
  if (text === null) return names;
  const wanted = text.toLowerCase();
  return names.filter((name) => name.toLowerCase().includes(wanted));
}
