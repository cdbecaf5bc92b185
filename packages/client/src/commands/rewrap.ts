import { Problem } from "@pstore/core/problem";
import type { Command } from "./command.ts";

/** `pstore --rewrap[=USER]`: encrypts everything to the present keys of a user. */
export const rewrap: Command = async () => {
  throw new Problem("usage", "--rewrap is not there yet");
};
