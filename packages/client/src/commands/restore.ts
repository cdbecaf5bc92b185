import { Problem } from "@pstore/core/problem";
import type { Command } from "./command.ts";

export const restore: Command = async () => {
  throw new Problem("usage", "this version cannot do that yet");
};
