import { asciiLine } from "@pstore/core/visible";
import { printJson, printLine } from "../terminal/output.ts";
import type { Command } from "./command.ts";

/** `pstore --consistency-check`: what is wrong in the store, each with its solution. @returns 1 when something is */
export const check: Command = async ({ args, store, person, output }) => {
  const faults = await store.check();
  if (args.options.json) await printJson(output, { faults });
  else {
    for (const { kind, where, fault, solution } of faults) {
      await printLine(output, asciiLine(`${kind}: ${where}: ${fault}`));
      await printLine(output, asciiLine(`  solution: ${solution}`));
    }
  }
  const count = faults.length === 1 ? "1 fault" : `${faults.length || "no"} faults`;
  person.notice(`the server found ${count}`);
  return faults.length === 0 ? 0 : 1;
};
