import { Problem } from "@pstore/core/problem";
import type { Command } from "./command.ts";

export const lookupMachine: Command = async () => {
  throw new Problem("usage", "this version cannot do that yet");
};
export const lookupProperty = lookupMachine;
export const lookupUser = lookupMachine;
