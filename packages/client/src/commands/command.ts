import type { Arguments } from "../cli/words.ts";
import type { Input, Io, Output } from "../io.ts";
import type { Person } from "../person.ts";
import type { Store } from "../store/store.ts";

/** What a command works with. */
export interface Context {
  readonly args: Arguments;
  readonly store: Store;
  readonly output: Output;
  readonly person: Person;
  readonly stdin: Input;
  readonly env: Io["env"];
}

/** Does what a command line asks for. @returns the exit status, where it is another program's */
export type Command = (context: Context) => Promise<number> | Promise<void>;

/** The machine that the command line names; without one, it does not come this far. */
export function machineOf({ args }: Pick<Context, "args">): string {
  if (args.machine === null) throw new Error("no machine is named");
  return args.machine;
}

/** The property that the command line names, likewise. */
export function propertyOf({ args }: Context): string {
  if (args.property === null) throw new Error("no property is named");
  return args.property;
}
