import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** What the log is filtered by, each with the time, in whose order a page of it is shown. */
export const auditIndexes: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const column of ["user_name", "object_id", "action"]) {
      await db.schema.createIndex(`audit_${column}`).on("audit").columns([column, "time", "id"]).execute();
    }
  },
};
