import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Since when an admin withholds an object. */
export const withheldObjects: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable("objects").addColumn("withheld", "varchar(24)").execute();
  },
};
