import { sql } from "kysely";
import type { ServerLocation } from "../../location.ts";
import { serverEngine } from "../server.ts";
import { columnTypes } from "./columns.ts";
import { mysqlDialect } from "./dialect.ts";

const grant = ({ database, user }: ServerLocation) =>
  `make it and let its user have it: 'create database ${database}; grant all on ${database}.* to ${user ?? "USER"}'`;

export const mysql = serverEngine({
  dialect: mysqlDialect,

  async columnTypes(db) {
    const { rows } = await sql<{ version: string }>`select version() as version`.execute(db);
    return columnTypes(/mariadb/i.test(rows[0]?.version ?? ""));
  },

  async assertUsable() {},

  anew: ({ database }) => `drop database ${database}; create database ${database}`,

  async drop(db, tables) {
    await db.connection().execute(async (connection) => {
      await sql`set session foreign_key_checks = 0`.execute(connection);
      for (const table of tables) await sql`drop table if exists ${sql.table(table)}`.execute(connection);
      await sql`set session foreign_key_checks = 1`.execute(connection);
    });
  },

  advice: {
    ER_ACCESS_DENIED_ERROR: ({ user }) =>
      `check its user ${user ?? ""}, the password, and whether it wants a certificate (sslcert=FILE and sslkey=FILE)`,
    ER_BAD_DB_ERROR: grant,
    ER_DBACCESS_DENIED_ERROR: grant,
  },
});
