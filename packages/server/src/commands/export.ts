import { visible } from "@pstore/core/visible";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commandActor, commonHelp, withDatabase } from "../cli/command.ts";
import { writeWholeFile } from "../cli/whole-file.ts";
import { wholeNumber } from "../config.ts";
import { csvRow } from "../services/csv.ts";
import { exportTable } from "../services/export.ts";

const usage = "pstore-server export [--with-encrypted] [--common-if-gte N] [-o FILE]";
const defaultCommon = 2;

export const exportCommand: Command = {
  name: "export",
  summary: "print machines, users and common properties as CSV",
  help: `${usage}

Prints a table of all machines as CSV (RFC 4180, UTF-8), one row a machine, to
standard output. The columns:

  machine              its name
  user:NAME            one a user: 'write', 'read' or nothing; with '(pending)'
                       for one who waits to be let in
  property:NAME        one a public property that several machines have: the
                       value when it is text of at most 2048 bytes, else
                       '(N byte document)'

What a spreadsheet would run as a formula (a cell that begins with = + - or @,
also behind blanks, quotes or what may separate cells) has an apostrophe in
front, in headings too. At a terminal, control characters are shown escaped.

  --with-encrypted     encrypted properties too, as '(N byte encrypted)'
  --common-if-gte N    a property is a column when at least N machines have it.
                       Default: ${defaultCommon}
  -o, --output FILE    write to FILE (mode 0600): complete, or not at all
${commonHelp}`,

  async run(argv, io) {
    const { values } = readArguments(
      argv,
      {
        "with-encrypted": { type: "boolean" },
        "common-if-gte": { type: "string" },
        output: { type: "string", short: "o" },
      },
      { least: 0, most: 0, usage },
    );
    const options = {
      withEncrypted: values["with-encrypted"] ?? false,
      commonIfGte: wholeNumber("number of --common-if-gte", values["common-if-gte"], defaultCommon, {
        least: 1,
        most: 1_000_000_000,
      }),
    };
    return await withDatabase(values, io, async (db) => {
      const isShown = values.output === undefined && io.isTerminal;
      const print = async (write: (text: string) => void) => {
        for await (const cells of exportTable(db, commandActor(), options))
          write(csvRow(isShown ? cells.map(visible) : cells));
      };
      if (values.output !== undefined) await writeWholeFile(values.output, print);
      else await print((text) => io.stdout(text));
      return 0;
    });
  },
};
