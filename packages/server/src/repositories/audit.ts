import type { Db } from "../database/open.ts";
import type { AuditTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

export async function insertAudit(db: Db, rows: readonly AuditTable[]): Promise<void> {
  for (const some of slices(rows)) await db.insertInto("audit").values(some).execute();
}

/** Which rows are asked for; what is not said holds for all. */
export interface AuditFilter {
  user?: string | undefined;
  /** Now or at the time under this name. */
  object?: string | undefined;
  property?: string | undefined;
  action?: string | undefined;
  outcome?: string | undefined;
  /** Whatever was not done. */
  refused?: boolean | undefined;
  /** RFC 3339 in UTC with milliseconds, as every time in the tables. */
  since?: string | undefined;
  before?: string | undefined;
}

function filtered(db: Db, filter: AuditFilter) {
  let query = db.selectFrom("audit").selectAll();
  const { user, object, property, action, outcome, since, before } = filter;
  if (user !== undefined) query = query.where("user_name", "=", user);
  if (object !== undefined) {
    const ids = db.selectFrom("objects").select("id").where("name", "=", object);
    query = query.where((eb) => eb.or([eb("object_name", "=", object), eb("object_id", "in", ids)]));
  }
  if (property !== undefined) query = query.where("property", "=", property);
  if (action !== undefined) query = query.where("action", "=", action);
  if (outcome !== undefined) query = query.where("outcome", "=", outcome);
  if (filter.refused === true) query = query.where("outcome", "!=", "ok");
  if (since !== undefined) query = query.where("time", ">=", since);
  if (before !== undefined) query = query.where("time", "<", before);
  return query;
}

/** The newest rows that fit, newest first. */
export async function newestAudit(db: Db, filter: AuditFilter, limit: number): Promise<AuditTable[]> {
  return await filtered(db, filter).orderBy("time", "desc").orderBy("id", "desc").limit(limit).execute();
}

/** The oldest rows that fit behind a row, oldest first. */
export async function auditBehind(
  db: Db,
  filter: AuditFilter,
  last: Pick<AuditTable, "time" | "id"> | null,
  limit: number,
): Promise<AuditTable[]> {
  let query = filtered(db, filter);
  if (last !== null) {
    const { time, id } = last;
    query = query.where("time", ">=", time).where((eb) => eb.or([eb("time", ">", time), eb("id", ">", id)]));
  }
  return await query.orderBy("time").orderBy("id").limit(limit).execute();
}
