import type { Db } from "../database/open.ts";

/**
 * Uses up the step of a second factor's code.
 * @returns whether it was still to be had: of several who bring the same code at once, one alone is told so
 */
export async function takeTotpStep(db: Db, userId: string, step: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("users")
    .set({ totp_last: step })
    .where("id", "=", userId)
    .where((eb) => eb.or([eb("totp_last", "is", null), eb("totp_last", "<", step)]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
