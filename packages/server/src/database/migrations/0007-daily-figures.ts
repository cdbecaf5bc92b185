import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** What happened on each day, and how much there was at its end: counted once, for the plots. */
export const dailyFigures = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("days")
      .addColumn("day", types.varchar(10), (c) => c.primaryKey().notNull())
      .addColumn("operations", "bigint", (c) => c.notNull())
      .addColumn("refusals", "bigint", (c) => c.notNull())
      .addColumn("objects", "bigint")
      .addColumn("users", "bigint")
      .addColumn("stored_bytes", "bigint")
      .execute();
    // How much is stored is added up from this alone.
    await db.schema.createIndex("stored_values_size").on("stored_values").column("size").execute();
  },
});
