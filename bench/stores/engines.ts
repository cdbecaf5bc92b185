// A database of each engine for a benchmark, and what its SQL calls things by.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MariaDbServer } from "@pstore/e2e/support/databases/mariadb";
import { PostgresCluster } from "@pstore/e2e/support/databases/postgres";
import { createFolder } from "@pstore/e2e/support/folder";
import type { EngineName } from "@pstore/server/database/store-database";
import { type Kysely, type RawBuilder, sql } from "kysely";

export const engineNames: readonly EngineName[] = ["sqlite", "postgres", "mysql"];

/** Where the databases of several stores are. */
export interface DatabaseServer extends AsyncDisposable {
  readonly engine: EngineName;
  /** The URL of a database that is empty, or that there is not yet in the place of a file. */
  make(name: string): Promise<string>;
}

/**
 * Starts a database server with its default settings, but for those that everybody raises who has a million objects: the log
 * that one fill writes, and MariaDB's own cache, which reads from the disk whatever does not fit.
 */
export async function startDatabase(engine: EngineName): Promise<DatabaseServer> {
  if (engine === "sqlite") {
    const folder = await createFolder();
    return {
      engine,
      make: async (name) => `sqlite:${join(folder, `${name}.db`)}`,
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  }
  const server =
    engine === "postgres"
      ? await PostgresCluster.start({ settings: { max_wal_size: "8GB" } })
      : await MariaDbServer.start({
          settings: { "innodb-buffer-pool-size": "4G", "innodb-log-file-size": "1G" },
        });
  return {
    engine,
    async make(name) {
      await server.createDatabase(name);
      return server.url(name);
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** What the engines have different words for. */
export interface Words {
  /** A whole number in so many hexadecimal digits. */
  hex(number: RawBuilder<unknown>, digits: number): RawBuilder<unknown>;
  /** A table `s` with the numbers from one to another in its column `n`. */
  numbers(from: number, to: number): RawBuilder<unknown>;
  /** What makes a fill quick, and is undone by the end of the connection, or by `after`. */
  readonly before: readonly string[];
  /** What undoes it, and has the engine look at what there is now. */
  readonly after: readonly string[];
}

export const words: Readonly<Record<EngineName, Words>> = {
  sqlite: {
    hex: (number, digits) => sql`printf(${sql.lit(`%0${digits}x`)}, ${number})`,
    numbers: (from, to) =>
      sql`(with recursive s(n) as (select ${sql.lit(from)} union all select n + 1 from s where n < ${sql.lit(to)}) select n from s) s`,
    before: [
      "pragma foreign_keys = off",
      "pragma synchronous = off",
      "pragma journal_mode = off",
      "pragma cache_size = -1000000",
    ],
    after: [],
  },
  postgres: {
    hex: (number, digits) => sql`lpad(to_hex(${number}), ${sql.lit(digits)}, '0')`,
    numbers: (from, to) => sql`generate_series(${sql.lit(from)}::bigint, ${sql.lit(to)}::bigint) as s(n)`,
    before: ["set session_replication_role = replica", "set synchronous_commit = off"],
    after: [
      "set session_replication_role = origin",
      "set synchronous_commit = on",
      // By itself it does so within a minute or some.
      "vacuum analyze",
      "checkpoint",
    ],
  },
  mysql: {
    hex: (number, digits) => sql`lpad(lower(hex(${number})), ${sql.lit(digits)}, '0')`,
    numbers: (from, to) => sql`(select seq as n from ${sql.raw(`seq_${from}_to_${to}`)}) s`,
    before: [
      // As the columns, see database/engines/mysql/columns.ts.
      "set collation_connection = utf8mb4_nopad_bin",
      "set session foreign_key_checks = 0",
      "set session unique_checks = 0",
      "set session transaction isolation level read uncommitted",
      "set global innodb_flush_log_at_trx_commit = 2",
    ],
    after: [
      "set global innodb_flush_log_at_trx_commit = 1",
      "set session foreign_key_checks = 1",
      "set session unique_checks = 1",
      "set session transaction isolation level serializable",
    ],
  },
};

export async function runAll<T>(db: Kysely<T>, statements: readonly string[]): Promise<void> {
  for (const text of statements) await sql.raw(text).execute(db);
}
