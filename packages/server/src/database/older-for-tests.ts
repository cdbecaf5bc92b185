/** A store as an earlier version has left it: its rows of today, in the tables of then. */
import { freshDatabase } from "./fresh-for-tests.ts";
import type { Location } from "./location.ts";
import { migratorOf } from "./migrate.ts";
import { createDatabase } from "./open.ts";
import type { Tables } from "./schema.ts";
import type { StoreDatabase } from "./store-database.ts";
import { unguarded } from "./unguarded-for-tests.ts";

export interface OlderStore {
  readonly db: StoreDatabase;
  readonly location: Location;
  close(): Promise<void>;
}

/** Copies a store into a database that has had the migrations up to this one, and the columns that there were then. */
export async function olderStore(from: StoreDatabase, newestMigration: string): Promise<OlderStore> {
  const fresh = await freshDatabase();
  const db = await createDatabase(fresh.location);
  const { error } = await (await migratorOf(db)).migrateTo(newestMigration);
  if (error !== undefined) throw error;
  const tables = (await db.introspection.getTables()).filter(({ name }) => !name.startsWith("migrations"));
  await unguarded(db, async (connection) => {
    for (const { name, columns } of tables) {
      const table = name as keyof Tables;
      const rows = await from
        .selectFrom(table)
        .select(columns.map((column) => column.name) as never[])
        .execute();
      for (const row of rows)
        await connection
          .insertInto(table)
          .values(row as never)
          .execute();
    }
  });
  return {
    db,
    location: fresh.location,
    async close() {
      await db.destroy();
      await fresh.drop();
    },
  };
}
