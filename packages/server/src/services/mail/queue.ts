import { randomUUID } from "node:crypto";
import type { Db } from "../../database/open.ts";
import { flag, type MailTable, timeText } from "../../database/schema.ts";
import { slices } from "../../database/slices.ts";
import { onceCommitted } from "../../database/store-database.ts";
import { addressesOfSuperusers, deleteMailsBefore, insertMails } from "../../repositories/mails.ts";

/** A text to those concerned. It names who, what and when, and never holds a secret, nor a ciphertext. */
export interface Letter {
  /** E-mail addresses as users have them, which may be empty or malformed. */
  readonly recipients: readonly string[];
  /** Whether it also goes to the active superusers, and to the addresses of `--admin-mail`. */
  readonly toAdmins: boolean;
  readonly subject: string;
  /** Lines, each with its line feed. */
  readonly body: string;
}

/** In characters; what MySQL takes for a column of this kind, with room for the header in front. */
const longestSubject = 200;
/** One row holds at most so many addresses, for MySQL's 64 KiB of text. */
const addressesAtOnce = 100;
/** How long a mail waits for a mail server, in milliseconds. */
export const mailLife = 7 * 86_400_000;

const listeners = new WeakMap<Db, () => void>();

/** Has it told that a mail is queued from now on by this process, once that is there to stay. */
export function listenToMail(db: Db, listener: () => void): void {
  listeners.set(db, listener);
}

/**
 * Queues a mail: in the transaction of the deed that it tells of. Any server of the store that has a mail server sends
 * it, so the server's own commands queue too; without such a server it lies for a week.
 */
export async function queueMail(db: Db, letter: Letter): Promise<void> {
  const admins = letter.toAdmins ? await addressesOfSuperusers(db) : [];
  const addresses = [...new Set([...letter.recipients, ...admins])].filter((address) => address !== "");
  const parts = [...slices(addresses, addressesAtOnce)];
  // Whom `--admin-mail` names is known only to the server that sends.
  if (letter.toAdmins && parts.length === 0) parts.push([]);
  if (parts.length === 0) return;
  const now = timeText(new Date());
  const rows = parts.map(
    (recipients, index): MailTable => ({
      id: randomUUID(),
      recipients: JSON.stringify(recipients),
      to_admins: flag(letter.toAdmins && index === 0),
      subject: [...letter.subject].slice(0, longestSubject).join(""),
      body: letter.body,
      created: now,
      due: now,
      attempts: 0,
      last_error: "",
    }),
  );
  await insertMails(db, rows);
  onceCommitted(db, (database) => listeners.get(database)?.());
}

/**
 * Drops the mails that have waited too long.
 * @returns how many there were
 */
export async function dropOldMails(db: Db): Promise<number> {
  return await deleteMailsBefore(db, timeText(new Date(Date.now() - mailLife)));
}
