import { setImmediate as othersFirst } from "node:timers/promises";
import type { Db } from "../database/open.ts";
import { timeText } from "../database/schema.ts";
import type { LoggedRow } from "../repositories/audit.ts";
import { type AuditFilter, planSearch } from "../repositories/audit-search.ts";
import { auditSlice, type Place } from "../repositories/audit-slices.ts";
import { type Actor, record } from "./audit.ts";

export type { LoggedRow } from "../repositories/audit.ts";
export type { AuditFilter } from "../repositories/audit-search.ts";
export type { Place } from "../repositories/audit-slices.ts";

/** The rows that are held in memory at once where all are asked for. */
const pageSize = 1000;

/** Rows of the log, newest first. */
export interface AuditPage {
  readonly rows: readonly LoggedRow[];
  /** Where the next page begins; `null`: there is none. */
  readonly next: Place | null;
  /** The search ended for want of time, though the page is not full: behind `next` there may be more. */
  readonly isPart: boolean;
}

/**
 * The newest rows that fit, newest first.
 * @param page `after`: only those behind this place; `patience`: when to be content with what was found, in
 * milliseconds, where rows that fit are few among very many that have to be looked at
 */
export async function pageOfAudit(
  db: Db,
  filter: AuditFilter,
  page: { readonly after: Place | null; readonly limit: number; readonly patience: number },
): Promise<AuditPage> {
  const { after, limit, patience } = page;
  const until = performance.now() + patience;
  const search = await planSearch(db, filter);
  const rows: LoggedRow[] = [];
  for (let behind = after; ; ) {
    const slice = await auditSlice(db, search, { order: "desc", behind, limit: limit + 1 - rows.length });
    rows.push(...slice.rows);
    if (rows.length > limit) {
      const shown = rows.slice(0, limit);
      return { rows: shown, next: placeOf(shown.at(-1)), isPart: false };
    }
    behind = slice.seen;
    if (behind === null) return { rows, next: null, isPart: false };
    if (performance.now() >= until) return { rows, next: behind, isPart: true };
    await othersFirst();
  }
}

function placeOf(row: LoggedRow | undefined): Place | null {
  return row === undefined ? null : { time: row.time, id: row.id };
}

/**
 * The rows of the log that fit, oldest first, a page at a time.
 * @param limit only so many of them, the newest; 0: all that there were when it began
 */
export async function* readAudit(
  db: Db,
  filter: AuditFilter,
  limit: number,
): AsyncGenerator<readonly LoggedRow[]> {
  if (limit > 0) {
    const { rows } = await pageOfAudit(db, filter, {
      after: null,
      limit,
      patience: Number.POSITIVE_INFINITY,
    });
    yield rows.toReversed();
    return;
  }
  // Whoever reads slowly must hold nothing open: so each page is a read of its own, and what is new meanwhile stays out.
  const now = timeText(new Date(Date.now() + 1));
  const before = filter.before !== undefined && filter.before < now ? filter.before : now;
  const search = await planSearch(db, { ...filter, before });
  for (let behind: Place | null = null; ; ) {
    const { rows, seen } = await auditSlice(db, search, { order: "asc", behind, limit: pageSize });
    if (rows.length > 0) yield rows;
    behind = rows.length === pageSize ? placeOf(rows.at(-1)) : seen;
    if (behind === null) return;
    await othersFirst();
  }
}

/** The same as {@link readAudit} for somebody who takes it away, which the log tells of. */
export async function* downloadAudit(
  db: Db,
  actor: Actor,
  filter: AuditFilter,
): AsyncGenerator<readonly LoggedRow[]> {
  await record(db, actor, [{ action: "download log", detail: shownFilter(filter) }]);
  yield* readAudit(db, filter, 0);
}

function shownFilter(filter: AuditFilter): string {
  return Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
}
