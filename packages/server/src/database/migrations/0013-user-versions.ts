import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** What transactions that concern one user write, so that of two at once, at whichever servers, one is first. */
export const userVersions = (): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable("users")
      .addColumn("version", "bigint", (c) => c.notNull().defaultTo(0))
      .execute();
  },
});
