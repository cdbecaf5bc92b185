import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** The chain of seals of the audit log; the rows that there are by now are sealed by the next server. */
export const auditSeals = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("audit_seals")
      .addColumn("number", "integer", (c) => c.primaryKey().notNull())
      .addColumn("text", types.varchar(1000), (c) => c.notNull())
      .execute();
    await db.schema.alterTable("audit").addColumn("seal", "integer").execute();
    await db.schema.createIndex("audit_seal").on("audit").column("seal").execute();
  },
});
