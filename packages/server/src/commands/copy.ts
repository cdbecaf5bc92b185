import { Problem } from "@pstore/core/problem";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commandActor, commonHelp } from "../cli/command.ts";
import { digestLines } from "../cli/digest-lines.ts";
import { Interrupted, type Io } from "../cli/io.ts";
import { describeFacts } from "../cli/store-facts.ts";
import { databaseLocation } from "../config.ts";
import { type Location, parseLocation, shownLocation } from "../database/location.ts";
import { createTables } from "../database/migrate.ts";
import { openDatabase, placeOf } from "../database/open.ts";
import { type Copied, copyStore, type Place } from "../services/copy/copy.ts";
import { inNewDatabase } from "../services/new-database.ts";

const usage = "pstore-server copy [--from URL] --to URL";

export const copy: Command = {
  name: "copy",
  summary: "copy the store into another database, of any engine",
  help: `${usage}

Copies the whole store into a new, empty database of the same engine or another:
as it is at one moment, complete and compared, or not at all. It stays the same
store to its clients. Stop the servers first: what they write later is not in
the copy. What is of that moment alone is not copied: nobody is signed in any
more, and mails that wait are not sent.

Prints for each table how many rows it has and a digest over them, which is the
same on both sides; 'pstore-server check --deep' prints it again, later.

  --from URL           the store. Default: as --database
  --to URL             the database, which must be empty, or a path where there
                       is no file yet (required)
${commonHelp}`,

  async run(argv, io) {
    const options = { from: { type: "string" }, to: { type: "string" } } as const;
    const { values } = readArguments(argv, options, { least: 0, most: 0, usage });
    if (values.to === undefined) throw new Problem("usage", `--to is missing; usage: ${usage}`);
    if (values.from !== undefined && values.database !== undefined)
      throw new Problem("usage", "--from and --database name the same; give one of both");
    const from = databaseLocation({ database: values.from ?? values.database }, io.env);
    const to = parseLocation(values.to);
    const db = await openDatabase(from);
    try {
      const copied = await copyInto(to, { db, name: placeOf(from) }, io);
      io.stdout(`from      ${shownLocation(from)}\nto        ${shownLocation(to)}\n`);
      io.stdout(`${describeFacts(copied)}\n${digestLines(copied.digest)}${next(to)}`);
      return 0;
    } finally {
      await db.destroy();
    }
  },
};

/** Copies, unless it is interrupted. */
async function copyInto(location: Location, from: Place, io: Io): Promise<Copied> {
  const interruption = new AbortController();
  io.stopped().then(() => interruption.abort(new Interrupted()));
  const progress = { signal: interruption.signal, tell: (what: string) => io.progress(what) };
  try {
    return await inNewDatabase(location, async (db) => {
      await createTables(db);
      return await copyStore(from, { db, name: placeOf(location) }, commandActor(), progress);
    });
  } finally {
    io.progress("");
  }
}

function next(to: Location): string {
  return `
What was read and what was written have these digests. Whatever a server has
written to the old place since the copy began is not in the new one.
Next:
  pstore-server check --deep --database ${shownLocation(to)}
and let PSTORE_DATABASE (or --database) of all servers name it. Never serve both:
to their clients they are one store, and soon not the same.
`;
}
