import type { Faults } from "./faults.ts";
import type { Options } from "./options.ts";

/** What a run is about, and where it says what. */
export interface Run {
  readonly options: Options;
  readonly faults: Faults;
  readonly print: (line: string) => void;
}
