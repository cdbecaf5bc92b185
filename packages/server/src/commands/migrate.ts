import { readArguments } from "../cli/arguments.ts";
import { type Command, commonHelp } from "../cli/command.ts";
import { databaseLocation } from "../config.ts";
import { shownLocation } from "../database/location.ts";
import { migrate as runMigrations } from "../database/migrate.ts";
import { openUnchecked, placeOf } from "../database/open.ts";

const usage = "pstore-server migrate";

export const migrate: Command = {
  name: "migrate",
  summary: "bring the database of an older version up to this one",
  help: `${usage}

Brings the tables of a store made by an older version up to this one. Stop the
server first, and keep a copy of the database.

${commonHelp}`,

  async run(argv, io) {
    const { values } = readArguments(argv, {}, { least: 0, most: 0, usage });
    const location = databaseLocation(values, io.env);
    const db = await openUnchecked(location);
    try {
      const done = await runMigrations(db, placeOf(location));
      io.stdout(`database  ${shownLocation(location)}\n`);
      io.stdout(done.length === 0 ? "nothing to do\n" : `migrated  ${done.join(", ")}\n`);
      return 0;
    } finally {
      await db.destroy();
    }
  },
};
