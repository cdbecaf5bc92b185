import type { Db } from "../database/open.ts";
import { countMails } from "../repositories/mails.ts";
import { uploadsUnderWay } from "../repositories/store-sizes.ts";
import { readTotals } from "../repositories/totals.ts";
import { Remembered } from "./remembered.ts";

/** They are counted at most so often, in milliseconds: whoever watches the server is not to slow it down. */
const freshness = 30_000;
/** The database has so many milliseconds to answer. */
const patience = 2000;

/** How much there is in a store, in numbers alone. */
export interface StoreFigures {
  readonly objects: number;
  readonly users: number;
  readonly keys: number;
  readonly storedBytes: number;
  readonly uploads: number;
  readonly waitingMails: number;
  /** Those of them that could not be sent so far. */
  readonly failingMails: number;
}

/** The figures of a store; `null` while its database does not answer. */
export function storeFigures(db: Db): Remembered<StoreFigures | null> {
  const look = async () => await read(db).catch(() => null);
  return new Remembered<StoreFigures | null>(look, { freshness, patience, otherwise: null });
}

async function read(db: Db): Promise<StoreFigures> {
  const { objects, users, keys, storedBytes } = await readTotals(db);
  return {
    ...{ objects, users, keys, storedBytes },
    uploads: (await uploadsUnderWay(db)).count,
    waitingMails: await countMails(db),
    failingMails: await countMails(db, true),
  };
}
