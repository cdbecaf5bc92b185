import type { Db } from "../database/open.ts";
import type { AuditTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

export async function insertAudit(db: Db, rows: readonly AuditTable[]): Promise<void> {
  for (const some of slices(rows)) await db.insertInto("audit").values(some).execute();
}

/** All of it, oldest first. */
export async function listAudit(db: Db): Promise<AuditTable[]> {
  return await db.selectFrom("audit").selectAll().orderBy("time").orderBy("id").execute();
}
