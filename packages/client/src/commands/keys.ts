import { Problem } from "@pstore/core/problem";
import type { Command } from "./command.ts";

/** `pstore --keys[=USER]`: lists keys, pins, and what is stale. */
export const keys: Command = async () => {
  throw new Problem("usage", "--keys is not there yet");
};
