import { setImmediate as othersFirst } from "node:timers/promises";
import type { Db } from "../../database/open.ts";
import { timeText } from "../../database/schema.ts";
import { slicesBySize } from "../../database/slices.ts";
import {
  countOfSeals,
  newestSeal,
  sealsFrom,
  sealsNamed,
  unsealedBefore,
} from "../../repositories/audit-seals.ts";
import type { StoreContext } from "../context.ts";
import { Chain } from "./chain.ts";
import type { ExpectedSeals } from "./expected.ts";
import { type Seal, type SealName, shownName } from "./seal.ts";
import { checkRows } from "./sealed-rows.ts";

/** So many seals, or rows of them, are held in memory at once. */
const sealsAtOnce = 1000;
const rowsAtOnce = 2000;
/** A row that is older than this, in milliseconds, has long had its seal where a server runs. */
const sealedWithin = 3_600_000;

/** What was found whole, or not. */
export interface Verification {
  readonly seals: number;
  readonly rows: number;
  /** How many of the seals that were expected are there. */
  readonly compared: number;
  /** The newest seal; `null`: there is none. */
  readonly newest: SealName | null;
  readonly faults: number;
}

/**
 * Recomputes every seal of the audit log, and compares them with those that were kept elsewhere. Servers may go on
 * sealing meanwhile: what is newer than its beginning is left out.
 * @param options `from`: a seal that is known to be right, to begin with; `report` takes one sentence for each fault
 */
export async function verifyAudit(
  { db, store }: StoreContext,
  options: {
    readonly from: SealName | null;
    readonly expected: ExpectedSeals;
    readonly report: (fault: string) => void;
  },
  now = new Date(),
): Promise<Verification> {
  const { from, expected } = options;
  let faults = 0;
  const report = (fault: string) => {
    faults++;
    options.report(fault);
  };
  // In this order: a row and its seal are written at once, so no row can name a seal that is not there by then.
  const named = await sealsNamed(db);
  const end = (await newestSeal(db))?.number ?? 0;
  const chain = new Chain({ store: store.id, from, expected }, report);
  let [seals, rows] = [0, 0];
  for (;;) {
    const found = (await sealsFrom(db, chain.next, sealsAtOnce)).filter(({ number }) => number <= end);
    if (found.length === 0) break;
    const readable: Seal[] = [];
    for (const row of found) {
      if (row.number > chain.next) report(await missing(db, { first: chain.next, last: row.number - 1 }));
      const seal = chain.follow(row);
      if (seal !== null) readable.push({ ...seal, number: row.number });
    }
    seals += found.length;
    for (const some of slicesBySize(readable, ({ events }) => events, { size: rowsAtOnce })) {
      await checkRows(db, some, report);
      rows += some.reduce((sum, { events }) => sum + events, 0);
      await othersFirst();
    }
  }
  if (from !== null && from.number > end)
    report(`the chain ends with seal ${end}, before seal ${from.number}, with which to begin`);
  const { highest } = expected;
  if (highest !== null && highest.number > end) {
    const kept = end === 0 ? "there is no seal at all" : `the chain ends with seal ${end}`;
    report(
      `${kept}, and ${shownName(highest)} was expected: the end was cut off, or an older copy was restored`,
    );
  }
  if (named !== null && named.first < 1) report(await misnamed(db, { first: named.first, last: 0 }));
  if (named !== null && named.last > end) report(await misnamed(db, { first: end + 1, last: named.last }));
  const late = await unsealedBefore(db, timeText(new Date(now.getTime() - sealedWithin)));
  if (late.rows > 0)
    report(
      `rows that wait for a seal since more than an hour: ${late.rows}, the oldest of ${late.oldest}; a server seals new rows within seconds, so see whether one runs, and what it says`,
    );
  return { seals, rows, compared: chain.compared, newest: chain.last, faults };
}

interface Span {
  readonly first: number;
  readonly last: number;
}

async function missing(db: Db, span: Span): Promise<string> {
  const { first, last } = span;
  const which = first === last ? `seal ${first} is missing` : `seals ${first} to ${last} are missing`;
  return `${which}; rows that name it: ${await countOfSeals(db, span)}`;
}

async function misnamed(db: Db, span: Span): Promise<string> {
  const { first, last } = span;
  const which = first === last ? `seal ${first}` : `seals ${first} to ${last}`;
  return `rows that name ${which}, which there is not: ${await countOfSeals(db, span)}`;
}
