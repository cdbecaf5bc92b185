import type { Db } from "../database/open.ts";
import { timeText } from "../database/schema.ts";
import { type AuditFilter, auditBehind, newestAudit } from "../repositories/audit.ts";
import type { AuditRow } from "./audit.ts";

export type { AuditFilter } from "../repositories/audit.ts";

/** The rows that are held in memory at once where all are asked for. */
const pageSize = 1000;

/**
 * The rows of the log that fit, oldest first, a page at a time.
 * @param limit only so many of them, the newest; 0: all that there were when it began
 */
export async function* readAudit(
  db: Db,
  filter: AuditFilter,
  limit: number,
): AsyncGenerator<readonly AuditRow[]> {
  if (limit > 0) {
    yield (await newestAudit(db, filter, limit)).reverse();
    return;
  }
  // Whoever reads slowly must hold nothing open: so each page is a read of its own, and what is new meanwhile stays out.
  const now = timeText(new Date(Date.now() + 1));
  const bounded = {
    ...filter,
    before: filter.before !== undefined && filter.before < now ? filter.before : now,
  };
  for (let last: AuditRow | null = null; ; ) {
    const rows: readonly AuditRow[] = await auditBehind(db, bounded, last, pageSize);
    yield rows;
    last = rows.at(-1) ?? null;
    if (rows.length < pageSize) return;
  }
}
