import { asciiLine } from "@pstore/core/visible";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commonHelp, withDatabase } from "../cli/command.ts";
import { theStore } from "../services/accounts.ts";
import { checkStore } from "../services/check/check.ts";

const usage = "pstore-server check [--json]";

export const check: Command = {
  name: "check",
  summary: "look for inconsistencies, each with its solution",
  help: `${usage}

Checks the whole store: the chain and signature of every revision, the index of
the newest ones, that every value and wrapped key is there, and members who
cannot read or write any more. Exit code 1 when there is a fault. The server
may run meanwhile.

  --json               prints JSON
${commonHelp}`,

  async run(argv, io) {
    const { values } = readArguments(argv, { json: { type: "boolean" } }, { least: 0, most: 0, usage });
    return await withDatabase(values, io, async (db, path) => {
      const faults = await checkStore(db, await theStore(db));
      if (values.json) {
        io.stdout(`${JSON.stringify({ faults }, null, 2)}\n`);
      } else {
        for (const { kind, where, fault, solution } of faults) {
          io.stdout(escapeLine(`${kind}: ${where}: ${fault}`));
          io.stdout(escapeLine(`  solution: ${solution}`));
        }
        io.stderr(faults.length === 0 ? `no faults in ${path}\n` : `${faults.length} fault(s) in ${path}\n`);
      }
      return faults.length === 0 ? 0 : 1;
    });
  },
};

function escapeLine(text: string): string {
  return `${asciiLine(text)}\n`;
}
