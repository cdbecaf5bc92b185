import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** What the consistency check found, for whoever asks later. */
export const checkRuns: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("check_runs")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("running", "integer", (c) => c.unique())
      .addColumn("started", "varchar(24)", (c) => c.notNull())
      .addColumn("alive", "varchar(24)", (c) => c.notNull())
      .addColumn("finished", "varchar(24)")
      .addColumn("result", "text", (c) => c.notNull())
      .execute();
  },
};
