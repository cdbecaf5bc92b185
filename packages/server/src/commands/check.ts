import { asciiLine } from "@pstore/core/visible";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commonHelp, withDatabase } from "../cli/command.ts";
import { digestLines } from "../cli/digest-lines.ts";
import { theStore } from "../services/accounts.ts";
import { checkStore } from "../services/check/check.ts";
import { checkDeeply } from "../services/check/deep/deep.ts";

const usage = "pstore-server check [--deep] [--json]";

export const check: Command = {
  name: "check",
  summary: "look for inconsistencies, each with its solution",
  help: `${usage}

Checks the whole store: the chain and signature of every revision, the index of
the newest ones, that every value and wrapped key is there, and members who
cannot read or write any more. Exit code 1 when there is a fault. The server
may run meanwhile.

  --deep               reads every byte, too: of values, wrapped keys and public
                       keys, and of the database's own file with SQLite. Prints
                       then the digest of the store and of each table: two
                       copies of a store that hold the same have the same
  --json               prints JSON
${commonHelp}`,

  async run(argv, io) {
    const options = { deep: { type: "boolean" }, json: { type: "boolean" } } as const;
    const { values } = readArguments(argv, options, { least: 0, most: 0, usage });
    return await withDatabase(values, io, async (db, path) => {
      const store = await theStore(db);
      const { faults, digest } = values.deep
        ? await checkDeeply(db, store, (what) => io.progress(what))
        : { faults: await checkStore(db, store), digest: null };
      io.progress("");
      if (values.json) {
        io.stdout(`${JSON.stringify({ faults, ...(values.deep && { digest }) }, null, 2)}\n`);
      } else {
        for (const { kind, where, fault, solution } of faults) {
          io.stdout(escapeLine(`${kind}: ${where}: ${fault}`));
          io.stdout(escapeLine(`  solution: ${solution}`));
        }
        if (digest !== null) io.stdout(digestLines(digest));
        io.stderr(faults.length === 0 ? `no faults in ${path}\n` : `${faults.length} fault(s) in ${path}\n`);
      }
      return faults.length === 0 ? 0 : 1;
    });
  },
};

function escapeLine(text: string): string {
  return `${asciiLine(text)}\n`;
}
