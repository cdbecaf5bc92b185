import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** The mails that are still to be sent. */
export const mail = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("mails")
      .addColumn("id", types.varchar(36), (c) => c.primaryKey().notNull())
      .addColumn("recipients", types.text, (c) => c.notNull())
      .addColumn("to_admins", "integer", (c) => c.notNull())
      .addColumn("subject", types.varchar(255), (c) => c.notNull())
      .addColumn("body", types.text, (c) => c.notNull())
      .addColumn("created", types.varchar(24), (c) => c.notNull())
      .addColumn("due", types.varchar(24), (c) => c.notNull())
      .addColumn("attempts", "integer", (c) => c.notNull())
      .addColumn("last_error", types.varchar(255), (c) => c.notNull())
      .execute();
    await db.schema.createIndex("mails_due").on("mails").column("due").execute();
  },
});
