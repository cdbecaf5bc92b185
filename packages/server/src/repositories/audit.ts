import type { Db } from "../database/open.ts";
import type { AuditTable } from "../database/schema.ts";

export async function insertAudit(db: Db, rows: readonly AuditTable[]): Promise<void> {
  // A row has 11 parameters, and engines limit them.
  for (let at = 0; at < rows.length; at += 1000) {
    await db
      .insertInto("audit")
      .values(rows.slice(at, at + 1000))
      .execute();
  }
}

/** All of it, oldest first. */
export async function listAudit(db: Db): Promise<AuditTable[]> {
  return await db.selectFrom("audit").selectAll().orderBy("time").orderBy("id").execute();
}
