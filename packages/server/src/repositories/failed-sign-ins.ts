import type { Db } from "../database/open.ts";
import type { FailedSignInTable } from "../database/schema.ts";

export async function insertFailedSignIn(db: Db, row: FailedSignInTable): Promise<void> {
  await db.insertInto("failed_sign_ins").values(row).execute();
}

export interface Failures {
  readonly count: number;
  /** The time of the oldest; `null`: there are none. */
  readonly oldest: string | null;
}

/** The failures since a time of an account or a source, in a browser that is known there, or (empty) in any others. */
export async function countFailedSignIns(
  db: Db,
  by: { readonly account: string } | { readonly source: string },
  browser: string,
  since: string,
): Promise<Failures> {
  const [column, value] =
    "account" in by ? (["account", by.account] as const) : (["source", by.source] as const);
  const { count, oldest } = await db
    .selectFrom("failed_sign_ins")
    .select((eb) => [eb.fn.countAll().as("count"), eb.fn.min("time").as("oldest")])
    .where(column, "=", value)
    .where("browser", "=", browser)
    .where("time", ">", since)
    .executeTakeFirstOrThrow();
  return { count: Number(count), oldest };
}

export async function deleteFailedSignIn(db: Db, id: string): Promise<void> {
  await db.deleteFrom("failed_sign_ins").where("id", "=", id).execute();
}

/** Forgets what failed in one browser at one account. */
export async function deleteFailedSignInsOfBrowser(db: Db, account: string, browser: string): Promise<void> {
  await db
    .deleteFrom("failed_sign_ins")
    .where("account", "=", account)
    .where("browser", "=", browser)
    .execute();
}

/** Drops what is too old to count. */
export async function deleteFailedSignInsUntil(db: Db, time: string): Promise<void> {
  await db.deleteFrom("failed_sign_ins").where("time", "<=", time).execute();
}
