import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** The mails that are still to be sent. */
export const mail: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("mails")
      .addColumn("id", "varchar(36)", (c) => c.primaryKey().notNull())
      .addColumn("recipients", "text", (c) => c.notNull())
      .addColumn("to_admins", "integer", (c) => c.notNull())
      .addColumn("subject", "varchar(255)", (c) => c.notNull())
      .addColumn("body", "text", (c) => c.notNull())
      .addColumn("created", "varchar(24)", (c) => c.notNull())
      .addColumn("due", "varchar(24)", (c) => c.notNull())
      .addColumn("attempts", "integer", (c) => c.notNull())
      .addColumn("last_error", "varchar(255)", (c) => c.notNull())
      .execute();
    await db.schema.createIndex("mails_due").on("mails").column("due").execute();
  },
};
