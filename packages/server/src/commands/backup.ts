import { statSync } from "node:fs";
import { resolve } from "node:path";
import { Problem } from "@pstore/core/problem";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commandActor, commonHelp } from "../cli/command.ts";
import type { Io } from "../cli/io.ts";
import { makeNewFile } from "../cli/new-file.ts";
import { describeFacts } from "../cli/store-facts.ts";
import { databaseLocation } from "../config.ts";
import type { ServerLocation } from "../database/location.ts";
import { openDatabase } from "../database/open.ts";
import { backUp } from "../services/backup/back-up.ts";

const usage = "pstore-server backup FILE";

const tools = {
  postgres: "pg_dump --format=custom --file=FILE DATABASE",
  mysql: "mariadb-dump --single-transaction --hex-blob --result-file=FILE DATABASE (or mysqldump)",
} as const satisfies Record<ServerLocation["engine"], string>;

export const backup: Command = {
  name: "backup",
  summary: "copy the store into a file, while the server runs",
  help: `${usage}

Copies the whole store, as it is at one moment, into the new file FILE (mode
0600): complete and looked through, or not at all. The server may run meanwhile,
and nobody waits for it. What is there already is not overwritten. 'pstore-server
restore' makes a store of it again.

A store in PostgreSQL, MariaDB or MySQL is backed up with the tool of that
database: see docs/deployment.md.

${commonHelp}`,

  async run(argv, io) {
    const { values, positionals } = readArguments(argv, {}, { least: 1, most: 1, usage });
    const location = databaseLocation(values, io.env);
    if (location.engine !== "sqlite") {
      throw new Problem(
        "usage",
        `a store in a database server is backed up with the server's own tool: ${tools[location.engine]}; see docs/deployment.md`,
      );
    }
    const file = resolve(positionals[0] ?? "");
    const db = await openDatabase(location);
    try {
      const facts = await makeNewFile(file, (part) =>
        whileGrowing(part, io, () => backUp(db, commandActor(), location, { part, name: file })),
      );
      io.stdout(`backup    ${file}\n${describeFacts(facts)}`);
      return 0;
    } finally {
      await db.destroy();
    }
  },
};

/** Shows how much of a file is there while something makes it. */
async function whileGrowing<T>(part: string, io: Io, make: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    const size = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
    io.progress(`${Math.round(size / 1_048_576)} MiB are copied`);
  }, 100);
  try {
    return await make();
  } finally {
    clearInterval(timer);
    io.progress("");
  }
}
