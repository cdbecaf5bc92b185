import type { Db } from "../../database/open.ts";
import type { AuditTable } from "../../database/schema.ts";
import { countOfSeals, rowsOfSeals } from "../../repositories/audit-seals.ts";
import { rootOf } from "./rows.ts";
import type { Seal } from "./seal.ts";

/** Checks the rows of some seals, which stand one behind the other. @param report takes one sentence for each fault */
export async function checkRows(
  db: Db,
  seals: readonly Seal[],
  report: (fault: string) => void,
): Promise<void> {
  const [first, last] = [seals.at(0), seals.at(-1)];
  if (first === undefined || last === undefined) return;
  const events = seals.reduce((sum, seal) => sum + seal.events, 0);
  const span = { first: first.number, last: last.number };
  // One more would show that there are more.
  const rows = await rowsOfSeals(db, span, events + 1);
  const bySeal = Map.groupBy(rows, (row) => Number(row.seal));
  for (const seal of seals) {
    const { number } = seal;
    const own =
      rows.length > events
        ? await rowsOfSeals(db, { first: number, last: number }, seal.events + 1)
        : (bySeal.get(number) ?? []);
    const fault = await faultOf(db, seal, own);
    if (fault !== null)
      report(`${fault} (${shownEvents(seal.events)} sealed at ${seal.time} by ${seal.server})`);
  }
}

async function faultOf(db: Db, seal: Seal, rows: readonly AuditTable[]): Promise<string | null> {
  const { number, events } = seal;
  if (rows.length < events) return `${shownRows(events - rows.length)} removed from seal ${number}`;
  if (rows.length > events) {
    const count = await countOfSeals(db, { first: number, last: number });
    return `${shownRows(count - events)} added to seal ${number}`;
  }
  return rootOf(rows) === seal.root ? null : `a row of seal ${number} was changed, or the seal itself`;
}

function shownRows(count: number): string {
  return count === 1 ? "a row was" : `${count} rows were`;
}

function shownEvents(count: number): string {
  return count === 1 ? "one row, which was" : `${count} rows, which were`;
}
