import { machines } from "./machines.ts";
import type { Option, OptionGroup } from "./option.ts";
import { output } from "./output.ts";
import { programs } from "./programs.ts";
import { properties } from "./properties.ts";
import { store } from "./store.ts";

/** All options, as `--help` lists them. */
export const groups: readonly OptionGroup[] = [machines, properties, output, programs, store];

export const options: readonly Option[] = groups.flatMap((group) => group.options);
