/** Changes to the tables that the engine would refuse, as a fault of a disk or of another program would make them. */
import { type Kysely, sql } from "kysely";
import type { Tables } from "./schema.ts";
import type { EngineName, StoreDatabase } from "./store-database.ts";

/** What makes one connection leave foreign keys alone, and heed them again. */
const switches: Readonly<Record<EngineName, readonly [off: string, on: string]>> = {
  sqlite: ["pragma foreign_keys = off", "pragma foreign_keys = on"],
  postgres: ["set session_replication_role = replica", "set session_replication_role = default"],
  mysql: ["set session foreign_key_checks = 0", "set session foreign_key_checks = 1"],
};

/** Does something while no foreign key is heeded. */
export async function unguarded<T>(
  db: StoreDatabase,
  work: (connection: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  const [off, on] = switches[db.engine];
  return await db.connection().execute(async (connection) => {
    await sql.raw(off).execute(connection);
    try {
      return await work(connection);
    } finally {
      await sql.raw(on).execute(connection);
    }
  });
}

/** Remembers all rows of some tables; what it gives puts them back as they were. */
export async function remember(
  db: StoreDatabase,
  tables: readonly (keyof Tables)[],
): Promise<() => Promise<void>> {
  const kept = await Promise.all(
    tables.map(async (table) => [table, await db.selectFrom(table).selectAll().execute()] as const),
  );
  return () =>
    unguarded(db, async (connection) => {
      for (const [table, rows] of kept) {
        await connection.deleteFrom(table).execute();
        for (const row of rows)
          await connection
            .insertInto(table)
            .values(row as never)
            .execute();
      }
    });
}
