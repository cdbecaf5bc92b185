import { Problem } from "@pstore/core/problem";
import type { Command } from "./command.ts";

/** `pstore --pending`: lets members in who had no usable key. */
export const pending: Command = async () => {
  throw new Problem("usage", "--pending is not there yet");
};
