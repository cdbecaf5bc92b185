import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Whether a member waits to be let in. Until now nobody could: a member without keys was refused. */
export const pendingMembers = (): Migration => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable("members")
      .addColumn("pending", "integer", (c) => c.notNull().defaultTo(0))
      .execute();
  },
});
