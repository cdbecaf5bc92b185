import type { Db } from "../database/open.ts";
import type { MailTable } from "../database/schema.ts";

export async function insertMails(db: Db, rows: readonly MailTable[]): Promise<void> {
  if (rows.length > 0) await db.insertInto("mails").values(rows).execute();
}

/** The mail that is due first, or has been due the longest. */
export async function findNextMail(db: Db): Promise<MailTable | undefined> {
  return await db.selectFrom("mails").selectAll().orderBy("due").limit(1).executeTakeFirst();
}

/** How many mails wait. @param failing only those that could not be sent when it was last tried */
export async function countMails(db: Db, failing = false): Promise<number> {
  let query = db.selectFrom("mails").select((eb) => eb.fn.countAll<number>().as("mails"));
  if (failing) query = query.where("last_error", "!=", "");
  return Number((await query.executeTakeFirstOrThrow()).mails);
}

/** The mails that wait, those that are due first. */
export async function waitingMails(db: Db, limit: number): Promise<Omit<MailTable, "body">[]> {
  return await db
    .selectFrom("mails")
    .select(["id", "recipients", "to_admins", "subject", "created", "due", "attempts", "last_error"])
    .orderBy("due")
    .limit(limit)
    .execute();
}

/** A mail as somebody saw it last: when its `due` is another by now, somebody else has moved it. */
type Seen = Pick<MailTable, "id" | "due">;

/**
 * Moves a mail on.
 * @returns whether it was still as seen: of two who do so at once, one is told `true`
 */
export async function moveMail(
  db: Db,
  { id, due }: Seen,
  change: Pick<MailTable, "due"> & Partial<Pick<MailTable, "attempts" | "last_error">>,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("mails")
    .set(change)
    .where("id", "=", id)
    .where("due", "=", due)
    .executeTakeFirst();
  return Number(numUpdatedRows) > 0;
}

/** @returns whether it was still there */
export async function deleteMail(db: Db, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom("mails").where("id", "=", id).executeTakeFirst();
  return Number(numDeletedRows) > 0;
}

/** @returns how many there were */
export async function deleteMailsBefore(db: Db, created: string): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom("mails").where("created", "<", created).executeTakeFirst();
  return Number(numDeletedRows);
}

/** The e-mail addresses of active superusers who have one. */
export async function addressesOfSuperusers(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom("users")
    .select("email")
    .where("superuser", "=", 1)
    .where("active", "=", 1)
    .where("removed", "is", null)
    .where("email", "!=", "")
    .orderBy("name")
    .execute();
  return rows.map((row) => row.email);
}
