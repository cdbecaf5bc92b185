import { Problem } from "@pstore/core/problem";
import { sql } from "kysely";
import { type ServerLocation, shownLocation } from "../../location.ts";
import { serverEngine } from "../server.ts";
import { columnTypes } from "./columns.ts";
import { postgresDialect } from "./dialect.ts";

const make = ({ database, user }: ServerLocation) =>
  `createdb --encoding=UTF8 --template=template0 --owner=${user ?? "USER"} ${database}`;
const anew = (location: ServerLocation) => `dropdb ${location.database} && ${make(location)}`;

export const postgres = serverEngine({
  dialect: postgresDialect,
  columnTypes: async () => columnTypes,

  async assertUsable(db, location) {
    const { rows } = await sql<{ encoding: string }>`
      select current_setting('server_encoding') as encoding`.execute(db);
    const encoding = rows[0]?.encoding;
    if (encoding !== "UTF8") {
      throw new Problem(
        "unavailable",
        `the database ${shownLocation(location)} is in the encoding ${encoding}, which has not all letters; make it anew with '${anew(location)}'`,
      );
    }
  },

  anew,

  async drop(db, tables) {
    for (const table of tables) await sql`drop table if exists ${sql.table(table)} cascade`.execute(db);
  },

  advice: {
    "28P01": ({ user }) => `check the password of its user ${user ?? ""}`,
    "28000": () =>
      "check its user, what the server's pg_hba.conf allows, and whether it wants a certificate (sslcert=FILE and sslkey=FILE)",
    "3D000": (location) => `make it with '${make(location)}'`,
    "42501": ({ database, user }) =>
      `let its user make tables there: 'alter database ${database} owner to ${user ?? "USER"}'`,
  },
});
