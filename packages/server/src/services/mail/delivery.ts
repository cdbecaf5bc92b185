import { randomUUID } from "node:crypto";
import { isMailAddress } from "@pstore/core/mail-address";
import { asciiLine } from "@pstore/core/visible";
import type { Db } from "../../database/open.ts";
import { type MailTable, timeText } from "../../database/schema.ts";
import { slices } from "../../database/slices.ts";
import { deleteMail, findNextMail, insertMails, moveMail } from "../../repositories/mails.ts";
import { listenToMail, mailLife } from "./queue.ts";

/** A mail as it is sent, to one recipient. */
export interface OutgoingMail {
  /** The same whenever it is sent: a mail that came twice, after a crash, is recognised by it. */
  readonly id: string;
  readonly recipient: string;
  readonly subject: string;
  readonly body: string;
  readonly written: Date;
}

/** What became of a mail. */
export type Sending =
  | { readonly is: "sent" }
  /** This mail will never be taken. */
  | { readonly is: "refused"; readonly why: string }
  /** This mail is not taken now. */
  | { readonly is: "deferred"; readonly why: string }
  /** No mail is taken now: the mail server cannot be reached, or not as we are told to. */
  | { readonly is: "unreachable"; readonly why: string };

/** Sends a mail, within {@link sendingTime}, or gives up when told to; never throws. */
export type Send = (mail: OutgoingMail, stopping: AbortSignal) => Promise<Sending>;

export interface DeliveryOptions {
  readonly send: Send;
  /** Who is told what admins are told, beside the superusers. */
  readonly adminMail: readonly string[];
  /** The public URL of the store, for people; `null`: not known. */
  readonly url: string | null;
  readonly log: (severity: "error" | "warning" | "notice", text: string) => void;
}

const second = 1000;
const minute = 60 * second;
/** How long one mail may take, in milliseconds. */
export const sendingTime = minute;
/**
 * For so long a mail is one sender's alone: longer than it may take, by servers whose clocks differ by minutes, too. Who
 * dies over it gives it to another then.
 */
const lease = 5 * minute;
/** How often to look for mails that another process has queued, or that are due again. */
const lookEvery = 5 * second;
/** A mail server that does not answer is tried again after a second, then after twice as long each time, up to this. */
const longestPause = 5 * minute;
/** A mail that is not taken now is tried again after a minute, then after twice as long each time, up to this. */
const longestDelay = 60 * minute;
/** A mail that is on its way when the server stops gets so long, in milliseconds. */
const grace = 5 * second;

/**
 * Sends what {@link queueMail} queued, one mail after the other, for as long as the server runs. Several servers on one
 * database share the work: a mail is moved on, under the condition that nobody else has, before it is sent.
 */
export class Delivery {
  readonly #db: Db;
  readonly #options: DeliveryOptions;
  readonly #stopping = new AbortController();
  readonly #hardStop = new AbortController();
  readonly #running: Promise<void>;
  /** Ends the rest that goes on. */
  #wake: () => void = () => {};
  #isPaused = false;
  #isWoken = false;
  /** How often in a row the mail server could not be reached. */
  #failures = 0;
  #pausedUntil = 0;
  /** When the next mail is due that is known of. */
  #nextDue = 0;
  #lastWhy = "";

  constructor(db: Db, options: DeliveryOptions) {
    this.#db = db;
    this.#options = options;
    listenToMail(db, () => {
      this.#isWoken = true;
      // During a pause it would only find the mail server down.
      if (!this.#isPaused) this.#wake();
    });
    this.#running = this.#run();
  }

  /** Resolves when the mail on its way, if any, is sent, or back in the queue. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    const timer = setTimeout(() => this.#hardStop.abort(), grace);
    await this.#running;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#isWoken = false;
      try {
        while (Date.now() >= this.#pausedUntil && !this.#stopping.signal.aborted) {
          if (!(await this.#sendOne())) break;
        }
      } catch (error) {
        this.#options.log("error", `the queue of mails could not be worked on: ${error}`);
        this.#nextDue = Number.POSITIVE_INFINITY;
      }
      await this.#rest();
    }
  }

  /** Waits for a mail to be queued here, for the end of a pause, or for the next look. */
  async #rest(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const now = Date.now();
    this.#isPaused = this.#pausedUntil > now;
    if (!this.#isPaused && this.#isWoken) return;
    const wait = this.#isPaused
      ? this.#pausedUntil - now
      : Math.min(lookEvery, Math.max(0, this.#nextDue - now));
    const rested = Promise.withResolvers<void>();
    this.#wake = rested.resolve;
    const timer = setTimeout(rested.resolve, wait);
    await rested.promise;
    clearTimeout(timer);
  }

  /** @returns whether there may be more to do */
  async #sendOne(): Promise<boolean> {
    const now = Date.now();
    const mail = await findNextMail(this.#db);
    this.#nextDue = mail === undefined ? Number.POSITIVE_INFINITY : Date.parse(mail.due);
    if (mail === undefined || this.#nextDue > now) return false;
    const due = timeText(new Date(now + lease));
    if (!(await moveMail(this.#db, mail, { due, attempts: mail.attempts + 1 }))) return true;
    const taken: MailTable = { ...mail, due, attempts: mail.attempts + 1 };
    const recipients: readonly string[] = JSON.parse(mail.recipients);
    if (now - Date.parse(mail.created) > mailLife) await this.#drop(taken, "it could not be sent for a week");
    else if (mail.to_admins === 1 || recipients.length !== 1) await this.#shareOut(taken, recipients);
    else await this.#send(taken, recipients[0] ?? "");
    return true;
  }

  /** Makes one mail for each recipient: what becomes of one is nothing to the others, nor do they see each other. */
  async #shareOut(mail: MailTable, recipients: readonly string[]): Promise<void> {
    const admins = mail.to_admins === 1 ? this.#options.adminMail : [];
    const addresses = [...new Set([...recipients, ...admins])];
    const due = timeText(new Date());
    await this.#db.transaction().execute(async (trx) => {
      if (!(await deleteMail(trx, mail.id))) return;
      for (const some of slices(addresses, 100)) {
        await insertMails(
          trx,
          some.map((address) => ({
            ...mail,
            id: randomUUID(),
            recipients: JSON.stringify([address]),
            to_admins: 0,
            due,
            attempts: 0,
          })),
        );
      }
    });
  }

  async #send(mail: MailTable, recipient: string): Promise<void> {
    if (!isMailAddress(recipient)) return await this.#drop(mail, "that is no e-mail address");
    const { url } = this.#options;
    const outgoing: OutgoingMail = {
      id: mail.id,
      recipient,
      subject: `[pstore${url === null ? "" : ` ${new URL(url).host}`}] ${mail.subject}`,
      body: `${mail.body}\n-- \npstore${url === null ? "" : `, the store at ${url}`}\n`,
      written: new Date(mail.created),
    };
    const sending = await this.#options.send(outgoing, this.#hardStop.signal);
    switch (sending.is) {
      case "sent":
        await deleteMail(this.#db, mail.id);
        return this.#reached();
      case "refused":
        await this.#drop(mail, sending.why);
        return this.#reached();
      case "deferred":
        await this.#putBack(mail, sending.why, Math.min(minute * 2 ** (mail.attempts - 1), longestDelay));
        return this.#reached();
      case "unreachable":
        return await this.#pause(mail, sending.why);
    }
  }

  #reached(): void {
    if (this.#failures > 0) this.#options.log("notice", "the mail server takes mails again");
    this.#failures = 0;
    this.#lastWhy = "";
  }

  async #pause(mail: MailTable, why: string): Promise<void> {
    // We broke it off ourselves.
    if (this.#hardStop.signal.aborted) return await this.#putBack(mail, "", 0);
    const pause = Math.min(second * 2 ** this.#failures, longestPause);
    this.#failures++;
    this.#pausedUntil = Date.now() + pause;
    await this.#putBack(mail, why, pause);
    if (why !== this.#lastWhy)
      this.#options.log("warning", `no mail can be sent: ${why}; mails wait, and it is tried again`);
    this.#lastWhy = why;
  }

  async #putBack(mail: MailTable, why: string, delay: number): Promise<void> {
    const due = timeText(new Date(Date.now() + delay));
    await moveMail(this.#db, mail, { due, last_error: asciiLine(why).slice(0, 255) });
  }

  async #drop(mail: MailTable, why: string): Promise<void> {
    await deleteMail(this.#db, mail.id);
    const recipients: readonly string[] = JSON.parse(mail.recipients);
    const whom = recipients.length === 0 ? "the admins" : recipients.map(asciiLine).join(", ");
    this.#options.log(
      "warning",
      `the mail '${asciiLine(mail.subject)}' to ${whom} was not sent: ${why}; tell them in another way`,
    );
  }
}
