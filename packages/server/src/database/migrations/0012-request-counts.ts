import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** What each server process counted of requests, for the limits that all of them keep together. */
export const requestCounts = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("request_counts")
      .addColumn("server", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("written", "integer", (c) => c.notNull())
      .addColumn("counts", types.text, (c) => c.notNull())
      .execute();
    // Those of a user are counted at each upload.
    await db.schema.createIndex("uploads_user").on("uploads").column("user_id").execute();
  },
});
