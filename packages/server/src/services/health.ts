import type { Db } from "../database/open.ts";
import { findLastCheck, findLastCheckResult, findRunningCheck } from "../repositories/check-runs.ts";
import { countMails, waitingMails } from "../repositories/mails.ts";
import { countWithheld, type Uploads, uploadsUnderWay } from "../repositories/store-sizes.ts";
import { deadBefore } from "./check/background.ts";
import { type CheckResult, readCheckResult } from "./check/check-result.ts";
import type { Admin } from "./web/sessions.ts";

export type { CheckResult } from "./check/check-result.ts";

/** A mail that is not sent yet. */
export interface WaitingMail {
  readonly id: string;
  readonly recipients: readonly string[];
  /** Whether it goes to the addresses of `--admin-mail` too. */
  readonly toAdmins: boolean;
  readonly subject: string;
  readonly created: string;
  readonly attempts: number;
  /** When it is tried again. */
  readonly due: string;
  /** Empty before the first attempt. */
  readonly lastError: string;
}

export interface Mails {
  readonly count: number;
  /** The first that are due, with their recipients: for superusers alone, `null` for others. */
  readonly first: readonly WaitingMail[] | null;
}

/** The last check that found something out. */
export interface LastCheck {
  readonly started: string;
  readonly finished: string;
  /** Without names of objects for who may not view any; the faults alone name them, to all staff, as the API does. */
  readonly result: CheckResult;
}

export interface Health {
  /** Since when a check goes on; `null`: none does. */
  readonly runningSince: string | null;
  /** When a check failed, if none has come to its end since. */
  readonly failed: string | null;
  readonly last: LastCheck | null;
  /** How many objects are withheld. */
  readonly withheld: number;
  readonly uploads: Uploads;
  readonly mails: Mails;
}

/** So many mails are shown. */
const mostMails = 50;

/** How the store is: what is cheap to tell as it is now, the rest as the last check found it. */
export async function readHealth(db: Db, admin: Admin, now = new Date()): Promise<Health> {
  const { runningSince, failed, last } = await readChecks(db, now);
  const result = last && { ...last.result, largest: admin.seesAll ? last.result.largest : [] };
  return {
    runningSince,
    failed,
    last: last && result && { ...last, result },
    withheld: await countWithheld(db),
    uploads: await uploadsUnderWay(db),
    mails: {
      count: await countMails(db),
      first: admin.superuser ? await readMails(db) : null,
    },
  };
}

async function readChecks(db: Db, now: Date): Promise<Pick<Health, "runningSince" | "failed" | "last">> {
  const running = await findRunningCheck(db);
  const goesOn = running !== undefined && running.alive >= deadBefore(now);
  const ended = await findLastCheck(db);
  const found = await findLastCheckResult(db);
  const result = found === undefined ? null : readCheckResult(found.result);
  return {
    runningSince: goesOn ? running.started : null,
    failed: ended === undefined || ended.id === found?.id ? null : ended.finished,
    last:
      found?.finished == null || result === null
        ? null
        : { started: found.started, finished: found.finished, result },
  };
}

async function readMails(db: Db): Promise<WaitingMail[]> {
  return (await waitingMails(db, mostMails)).map(
    ({ id, recipients, to_admins: toAdmins, subject, created, attempts, due, last_error: lastError }) => ({
      ...{ id, subject, created, attempts, due, lastError },
      recipients: JSON.parse(recipients) as string[],
      toAdmins: toAdmins === 1,
    }),
  );
}

/** What somebody should look at, in numbers. */
export interface AttentionCounts {
  /** Whether the last check failed. */
  readonly failed: boolean;
  readonly faults: number;
  /** Keys that end soon, or have ended. */
  readonly endingKeys: number;
  /** Mails that could not be sent so far. */
  readonly failingMails: number;
}

/** Some milliseconds, however large the store is: what grows with it is as the last check found it. */
export async function attention(db: Db, now = new Date()): Promise<AttentionCounts> {
  const { failed, last } = await readChecks(db, now);
  return {
    failed: failed !== null,
    faults: last?.result.faults.count ?? 0,
    endingKeys: last?.result.ending.count ?? 0,
    failingMails: await countMails(db, true),
  };
}
