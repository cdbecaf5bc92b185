import type { Db } from "../database/open.ts";
import { type AuditTable, flag } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

/** One row of the log, as it is written. */
export type AuditRow = Omit<AuditTable, "refused" | "seal">;

/** The same as it is read. */
export interface LoggedRow extends AuditRow {
  readonly seal: number | null;
}

export async function insertAudit(db: Db, rows: readonly AuditRow[]): Promise<void> {
  const flagged = rows.map(
    (row): AuditTable => ({
      ...row,
      refused: flag(row.outcome !== "ok"),
      seal: null,
    }),
  );
  for (const some of slices(flagged)) await db.insertInto("audit").values(some).execute();
}

/** The time of the oldest row; `null` where there is none. */
export async function oldestAuditTime(db: Db): Promise<string | null> {
  const found = await db.selectFrom("audit").select("time").orderBy("time").limit(1).executeTakeFirst();
  return found?.time ?? null;
}

/** How many rows there are from one time on, before another: of what was done, and of what was refused. */
export async function countAudit(
  db: Db,
  span: { readonly since: string; readonly before: string },
): Promise<{ done: number; refused: number }> {
  const count = async (refused: 0 | 1) => {
    const { rows } = await db
      .selectFrom("audit")
      .select((eb) => eb.fn.countAll<number>().as("rows"))
      .where("refused", "=", refused)
      .where("time", ">=", span.since)
      .where("time", "<", span.before)
      .executeTakeFirstOrThrow();
    return Number(rows);
  };
  return { done: await count(0), refused: await count(1) };
}
