import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";

/** Since when a value is not current any more, so that it can be dropped when it has been kept long enough. */
export const keptHistory = (types: ColumnTypes): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable("stored_values").addColumn("replaced", types.varchar(24)).execute();
    await db.schema.createIndex("stored_values_replaced").on("stored_values").column("replaced").execute();
    // Nobody wrote down when: what is not current counts as replaced now, and so is kept as long as the next one.
    await sql`
      update stored_values set replaced = ${new Date().toISOString()}
      where object_id is not null and id not in (
        select properties.value_id from properties
        inner join objects on objects.id = properties.object_id
        where objects.live_name is not null
      )`.execute(db);
  },
});
