import { randomUUID } from "node:crypto";
import { digestOf } from "@pstore/core/digest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import { timeText } from "../../database/schema.ts";
import {
  countFailedSignIns,
  deleteFailedSignIn,
  deleteFailedSignInsOfBrowser,
  deleteFailedSignInsUntil,
  insertFailedSignIn,
} from "../../repositories/failed-sign-ins.ts";
import { sourceOf } from "./source.ts";

/** How many attempts may fail within a time. They are counted in the database, for all servers of a store together. */
export const attemptLimits = {
  /** In seconds: 15 minutes. */
  within: 900,
  /** At one account, whether anybody has it or not, in all browsers that have not signed in to it before. */
  account: 10,
  /** From one address, likewise. */
  source: 20,
  /** In one browser that has signed in to the account before. */
  browser: 10,
} as const;

/** Who tries, and at whose account. */
export interface Attempt {
  /** The name that was given. */
  readonly name: string;
  readonly address: string;
  /** What the attempts of one browser or session that is known are counted under; `null`: it is not known. */
  readonly browser: string | null;
}

/** An attempt that may be made now. */
export interface BegunAttempt {
  /** It did not fail, or was not made after all: it counts no more. */
  forget(db: Db): Promise<void>;
  /** It did not fail: neither does what failed before in the same browser, if that is known, count any more. */
  succeed(db: Db): Promise<void>;
}

/**
 * Counts an attempt as failed until it is known to be none.
 *
 * It is written before it is counted, and before anything is verified: of however many that come at once, at
 * whichever servers, no more than the limit see so few. Those that are refused here do not count.
 * @throws Problem `too-many-requests`
 */
export async function beginAttempt(db: Db, { name, address, browser }: Attempt): Promise<BegunAttempt> {
  const row = {
    id: randomUUID(),
    // A name in other letters may be the same to a database.
    account: digestOf(name.toLowerCase()),
    source: sourceOf(address),
    browser: browser ?? "",
    time: timeText(new Date()),
  };
  await assertFew(db, row, 0);
  await insertFailedSignIn(db, row);
  try {
    await assertFew(db, row, 1);
  } catch (error) {
    await deleteFailedSignIn(db, row.id);
    throw error;
  }
  return {
    forget: (at) => deleteFailedSignIn(at, row.id),
    succeed: (at) =>
      browser === null
        ? deleteFailedSignIn(at, row.id)
        : deleteFailedSignInsOfBrowser(at, row.account, browser),
  };
}

/** @param own how many of those that are found are this attempt itself */
async function assertFew(
  db: Db,
  { account, source, browser }: { account: string; source: string; browser: string },
  own: number,
): Promise<void> {
  const now = Date.now();
  const since = timeText(new Date(now - attemptLimits.within * 1000));
  const limits =
    browser === ""
      ? ([
          [{ account }, attemptLimits.account],
          [{ source }, attemptLimits.source],
        ] as const)
      : ([[{ account }, attemptLimits.browser]] as const);
  for (const [by, limit] of limits) {
    const { count, oldest } = await countFailedSignIns(db, by, browser, since);
    if (count - own < limit) continue;
    const ends = Date.parse(oldest ?? since) + attemptLimits.within * 1000;
    throw tooMany(Math.max(1, Math.ceil((ends - now) / 1000)));
  }
}

function tooMany(retryAfter: number): Problem {
  const minutes = Math.ceil(retryAfter / 60);
  return new Problem(
    "too-many-requests",
    `too many attempts have failed; try again in ${minutes === 1 ? "a minute" : `${minutes} minutes`}, or sign in with your key: pstore --web`,
    { retryAfter },
  );
}

/** Drops the attempts that are too old to count. */
export async function dropOldAttempts(db: Db): Promise<void> {
  await deleteFailedSignInsUntil(db, timeText(new Date(Date.now() - attemptLimits.within * 1000)));
}
