import { Problem } from "@pstore/core/problem";
import { type Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { engineOf } from "./engines/all.ts";
import { migrationNames, migrations } from "./migrations/list.ts";
import { migrationTable } from "./migrations/table.ts";
import type { Tables } from "./schema.ts";
import type { StoreDatabase } from "./store-database.ts";

const lockTable = `${migrationTable}_lock`;

/** The names of the migrations that a database has had; `null` where it is not one of ours. */
async function applied(db: Kysely<Tables>): Promise<readonly string[] | null> {
  const tables = await db.introspection.getTables();
  const names = new Set(tables.map((one) => one.name));
  if (!names.has(migrationTable)) return null;
  const rows = await sql<{
    name: string;
  }>`select name from ${sql.table(migrationTable)} order by name`.execute(db);
  return rows.rows.map((row) => row.name);
}

/**
 * Checks that a database is a store's, at this version.
 * @throws Problem `unavailable` with what it is instead
 */
export async function checkVersion(db: Kysely<Tables>, where: string): Promise<void> {
  const done = await known(db, where);
  if (done.length < migrationNames.length) {
    throw new Problem(
      "unavailable",
      `the database ${where} is of an older version; stop the server and run 'pstore-server migrate'`,
    );
  }
}

async function known(db: Kysely<Tables>, where: string): Promise<readonly string[]> {
  const done = await applied(db);
  if (done === null) {
    throw new Problem(
      "unavailable",
      `the database ${where} is not a pstore store; give another one, or make a store with 'pstore-server init'`,
    );
  }
  const foreign = done.find((name) => !migrationNames.includes(name));
  if (foreign !== undefined) {
    throw new Problem(
      "unavailable",
      `the database ${where} was used by a newer pstore-server (it has '${foreign}'); install that version`,
    );
  }
  return done;
}

/** Another program makes a store in the same empty database at the same time, and all in it is that one's. */
export class TakenMeanwhile extends Problem {
  constructor() {
    super(
      "conflict",
      "another pstore-server makes a store in this database at the same time; look at what it made",
    );
  }
}

/**
 * Makes the tables of an empty database.
 * @throws TakenMeanwhile
 */
export async function createTables(db: StoreDatabase): Promise<void> {
  const done = await runMissing(db);
  if (done.length === migrationNames.length) return;
  throw new TakenMeanwhile();
}

/**
 * Brings a store's database to this version. Of several programs that do so at once one does it, and the others wait.
 * @returns the names of the migrations that were run, none when there was nothing to do
 * @throws Problem `unavailable` when it is not a store, or a newer one
 */
export async function migrate(db: StoreDatabase, where: string): Promise<readonly string[]> {
  await known(db, where);
  return await runMissing(db);
}

/** What runs the migrations of a database. */
export async function migratorOf(db: StoreDatabase): Promise<Migrator> {
  const types = await (await engineOf(db.engine)).columnTypes(db);
  return new Migrator({
    db,
    provider: { getMigrations: async () => migrations(types) },
    migrationTableName: migrationTable,
    migrationLockTableName: lockTable,
  });
}

async function runMissing(db: StoreDatabase): Promise<readonly string[]> {
  const { error, results } = await (await migratorOf(db)).migrateToLatest();
  if (error !== undefined) throw error;
  return (results ?? []).map((result) => result.migrationName);
}
