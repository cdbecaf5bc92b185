import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commandActor, commonHelp, databaseOption } from "../cli/command.ts";
import { makeNewFile } from "../cli/new-file.ts";
import { describeFacts } from "../cli/store-facts.ts";
import { databaseLocation } from "../config.ts";
import { type Location, type ServerLocation, shownLocation } from "../database/location.ts";
import { openUnchecked, placeOf } from "../database/open.ts";
import { type Restored, restore as restoreStore, settleRestored } from "../services/backup/restore.ts";

const usage = "pstore-server restore FILE | --loaded";

const tools = {
  postgres: "pg_restore --no-owner --dbname=DATABASE FILE",
  mysql: "mariadb DATABASE < FILE (or mysql)",
} as const satisfies Record<ServerLocation["engine"], string>;

export const restore: Command = {
  name: "restore",
  summary: "make a store of a backup",
  help: `${usage}

Makes a store of FILE, which 'pstore-server backup' wrote, or which is a copy of
the database of a stopped server, of this version or an older one. FILE itself
stays as it is. There must be no store at the place yet: stop the server, and
move what is there out of the way.

All is as it was at the time of the backup, but for what was of that moment:
sessions and links that sign in are void, and mails that waited are not sent
again. Keys that were removed and users who were disabled afterwards are back;
and clients refuse what is older than what they have seen: docs/deployment.md
says what to do about both.

A store in PostgreSQL, MariaDB or MySQL is loaded into an empty database with the
tool of that database (docs/deployment.md), and then

  --loaded             does the rest: brings it up to this version, and drops
                       what was of that moment
${commonHelp}`,

  async run(argv, io) {
    const options = { loaded: { type: "boolean" } } as const;
    const { values, positionals } = readArguments(argv, options, { least: 0, most: 1, usage });
    const location = databaseLocation(values, io.env);
    const [file] = positionals;
    if ((file !== undefined) === (values.loaded ?? false)) {
      throw new Problem("usage", `name a FILE, or say --loaded; usage: ${usage}`);
    }
    const { migrated, ...facts } =
      file === undefined ? await settle(location) : await restoreFile(resolve(file), location);
    io.stdout(`database  ${shownLocation(location)}\n${describeFacts(facts)}`);
    if (migrated.length > 0) io.stdout(`migrated  ${migrated.join(", ")}\n`);
    io.stdout(next(databaseOption(values, io)));
    return 0;
  },
};

async function settle(location: Location): Promise<Restored> {
  const db = await openUnchecked(location);
  try {
    return await settleRestored(db, commandActor(), placeOf(location));
  } finally {
    await db.destroy();
  }
}

async function restoreFile(file: string, location: Location): Promise<Restored> {
  if (location.engine !== "sqlite") {
    throw new Problem(
      "usage",
      `a store in a database server is loaded with the server's own tool: ${tools[location.engine]}; then run 'pstore-server restore --loaded'; see docs/deployment.md`,
    );
  }
  if (!existsSync(file)) throw new Problem("usage", `there is no file ${asciiLine(file)}; name a backup`);
  const { path } = location;
  refuseRemains(path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return await makeNewFile(path, (part) => restoreStore(commandActor(), file, { part, name: path }), {
    belongsToFolder: true,
  });
}

/** SQLite would take what lies there for the last changes of the database that is put beside it. */
function refuseRemains(path: string): void {
  const remains = ["-wal", "-shm", "-journal"].map((suffix) => `${path}${suffix}`).find(existsSync);
  if (remains === undefined || existsSync(path)) return;
  throw new Problem(
    "conflict",
    `${asciiLine(remains)} is there, which belongs to a database that is not; move it to where that went`,
  );
}

function next(database: string): string {
  return `
Keys that were removed and users who were disabled since then are back, and
what was changed since is not there.
Next:
  pstore-server check --deep${database}
  pstore-server audit${database}       # what was the last that it knows
Remove and disable again who is to stay out, before you start the server; then
tell all users: clients refuse what is older than what they have seen, until
they are told to forget it (docs/deployment.md, Restore).
`;
}
