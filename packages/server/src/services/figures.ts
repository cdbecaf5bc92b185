import { setImmediate as othersFirst } from "node:timers/promises";
import type { Db } from "../database/open.ts";
import { timeText } from "../database/schema.ts";
import { countAudit, oldestAuditTime } from "../repositories/audit.ts";
import { daysFrom, insertDay } from "../repositories/days.ts";
import { readTotals, type Totals } from "../repositories/totals.ts";

export type { Totals } from "../repositories/totals.ts";

const dayLength = 86_400_000;
/** So many days are shown, today among them, and looked for in the log where nobody counted them. */
const shownDays = 90;
/** A row of the log may be written so long after its time, in milliseconds: until then no day is over. */
const latestRow = 600_000;

/** One day in UTC. */
export interface Day {
  /** `YYYY-MM-DD` */
  readonly day: string;
  /** What was done, and what was refused: rows of the log; `null`: not counted, or before there was a log. */
  readonly done: number | null;
  readonly refused: number | null;
  /** How much there was soon after its end (today: now); `null`: nobody counted then. */
  readonly objects: number | null;
  readonly storedBytes: number | null;
}

export interface Figures {
  readonly totals: Totals;
  /** The last {@link shownDays}, today last. */
  readonly days: readonly Day[];
}

/** What there is, and what happened day by day: today's counted now, the others as {@link closeDays} has counted them. */
export async function readFigures(db: Db, now = new Date()): Promise<Figures> {
  const today = dayOf(now);
  const totals = await readTotals(db);
  const { done, refused } = await countAudit(db, spanOf(today));
  const { objects, storedBytes } = totals;
  const counted = new Map(
    (await daysFrom(db, daysBefore(today, shownDays - 1))).map((row) => [row.day, row]),
  );
  const past = Array.from({ length: shownDays - 1 }, (_, at): Day => {
    const day = daysBefore(today, shownDays - 1 - at);
    const row = counted.get(day);
    return {
      day,
      done: row === undefined ? null : row.operations - row.refusals,
      refused: row?.refusals ?? null,
      objects: numberOf(row?.objects),
      storedBytes: numberOf(row?.stored_bytes),
    };
  });
  return { totals, days: [...past, { day: today, done, refused, objects, storedBytes }] };
}

function numberOf(value: number | null | undefined): number | null {
  return value == null ? null : Number(value);
}

/**
 * Counts the days that are over and were not counted, the last ones first, one at a time. How much there was at the end
 * of a day is known only of the one that has just ended. Several servers may do so at once.
 * @param stopping between two days it is looked at, and nothing more is begun
 */
export async function closeDays(db: Db, stopping: AbortSignal, now = new Date()): Promise<void> {
  const oldest = await oldestAuditTime(db);
  if (oldest === null) return;
  const yesterday = daysBefore(dayOf(now), 1);
  const last = daysBefore(dayOf(new Date(now.getTime() - latestRow)), 1);
  const first = daysBefore(last, shownDays - 1);
  const counted = new Set((await daysFrom(db, first)).map((row) => row.day));
  for (let day = last; day >= first && day >= oldest.slice(0, 10); day = daysBefore(day, 1)) {
    if (counted.has(day)) continue;
    if (stopping.aborted) return;
    const { done, refused } = await countAudit(db, spanOf(day));
    const totals = day === yesterday ? await readTotals(db) : null;
    await insertDay(db, {
      day,
      operations: done + refused,
      refusals: refused,
      objects: totals?.objects ?? null,
      users: totals?.users ?? null,
      stored_bytes: totals?.storedBytes ?? null,
    });
    await othersFirst();
  }
}

function dayOf(time: Date): string {
  return timeText(time).slice(0, 10);
}

function daysBefore(day: string, count: number): string {
  return dayOf(new Date(Date.parse(day) - count * dayLength));
}

function spanOf(day: string): { since: string; before: string } {
  return { since: timeText(new Date(day)), before: timeText(new Date(Date.parse(day) + dayLength)) };
}
