import type { Arguments } from "../cli/arguments.ts";
import type { Input, Output } from "../io.ts";
import type { Person } from "../person.ts";
import type { Store } from "../store/store.ts";

/** What a command works with. */
export interface Context {
  readonly args: Arguments;
  readonly store: Store;
  readonly output: Output;
  readonly person: Person;
  readonly stdin: Input;
}
