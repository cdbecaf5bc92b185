import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** What the consistency check found, for whoever asks later. */
export const checkRuns = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("check_runs")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("running", "integer", (c) => c.unique())
      .addColumn("started", types.varchar(24), (c) => c.notNull())
      .addColumn("alive", types.varchar(24), (c) => c.notNull())
      .addColumn("finished", types.varchar(24))
      .addColumn("result", types.text, (c) => c.notNull())
      .execute();
  },
});
