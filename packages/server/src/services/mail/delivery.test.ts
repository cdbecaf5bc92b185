/** The queue's work, with a mail server that answers as told; e2e/mail.test.ts has a real one. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { actor, TestStore } from "../../store-for-tests.ts";
import { addUser, changeState } from "../accounts.ts";
import { Delivery, type OutgoingMail, type Sending } from "./delivery.ts";
import { dropOldMails, queueMail } from "./queue.ts";

let store: TestStore;

beforeAll(async () => {
  store = await TestStore.make();
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.db.deleteFrom("mails").execute();
});

const letter = { recipients: ["joe@example.com"], toAdmins: false, subject: "s", body: "b\n" };
const day = 86_400_000;

/** A delivery whose mails are answered one after the other; `sent` resolves when so many were. */
function delivery(answers: readonly Sending[], adminMail: readonly string[] = []) {
  const mails: OutgoingMail[] = [];
  const log: string[] = [];
  const all = Promise.withResolvers<void>();
  const worker = new Delivery(store.db, {
    send: async (mail) => {
      mails.push(mail);
      const answer = answers[mails.length - 1] ?? { is: "sent" };
      if (mails.length >= answers.length) all.resolve();
      return answer;
    },
    adminMail,
    url: null,
    log: (severity, text) => log.push(`${severity}: ${text}`),
  });
  return { mails, log, all: all.promise, worker };
}

const left = async () => await store.db.selectFrom("mails").selectAll().execute();

test("a mail that is queued in this process is sent at once, but only when what it tells of has happened", async () => {
  const { mails, all, worker } = delivery([{ is: "sent" }]);
  await store.db
    .transaction()
    .execute(async (trx) => {
      await queueMail(trx, { ...letter, subject: "never" });
      throw new Error("rolled back");
    })
    .catch(() => {});
  const began = Date.now();
  await store.db.transaction().execute(async (trx) => await queueMail(trx, letter));
  await all;
  expect(Date.now() - began).toBeLessThan(2000);
  await worker.stop();
  expect(mails.map(({ recipient, subject, body }) => [recipient, subject, body])).toEqual([
    ["joe@example.com", "[pstore] s", "b\n\n-- \npstore\n"],
  ]);
  expect(await left()).toEqual([]);
});

test("while no mail can be sent all wait, in a pause that grows, and the id stays the same", async () => {
  await queueMail(store.db, letter);
  await queueMail(store.db, { ...letter, recipients: ["alex@example.com"] });
  const down = { is: "unreachable", why: "it is down" } as const;
  const began = Date.now();
  const { mails, log, all, worker } = delivery([down, down, { is: "sent" }, { is: "sent" }]);
  await all;
  expect(Date.now() - began).toBeGreaterThanOrEqual(3000);
  await worker.stop();
  expect(log).toEqual([
    "warning: no mail can be sent: it is down; mails wait, and it is tried again",
    "notice: the mail server takes mails again",
  ]);
  expect(new Set(mails.map(({ id }) => id)).size).toBe(2);
  expect(await left()).toEqual([]);
});

test("the admins' mail goes to the superusers of its time and to those whom the server knows, each once", async () => {
  const admin = { fullName: "", staff: false, superuser: true, viewAny: false, password: null };
  await addUser(store.db, actor, { ...admin, name: "root", email: "root@example.com" });
  await addUser(store.db, actor, { ...admin, name: "old", email: "old@example.com" });
  await addUser(store.db, actor, { ...admin, name: "mute", email: "" });
  await changeState(store.db, actor, "old", "disable");
  await queueMail(store.db, { ...letter, toAdmins: true });
  await changeState(store.db, actor, "root", "disable");
  const { mails, all, worker } = delivery(
    [{ is: "sent" }, { is: "sent" }, { is: "sent" }],
    ["root@example.com", "ops@example.com"],
  );
  await all;
  await worker.stop();
  expect(mails.map(({ recipient }) => recipient).sort()).toEqual([
    "joe@example.com",
    "ops@example.com",
    "root@example.com",
  ]);
});

test("what is not taken now waits longer each time", async () => {
  await queueMail(store.db, letter);
  await store.db.updateTable("mails").set({ attempts: 3 }).execute();
  const { all, worker, log } = delivery([{ is: "deferred", why: "busy" }]);
  await all;
  await worker.stop();
  const [row] = await left();
  const delay = Date.parse(row?.due ?? "") - Date.now();
  expect(delay).toBeGreaterThan(7 * 60_000);
  expect(delay).toBeLessThanOrEqual(8 * 60_000);
  expect(row?.last_error).toBe("busy");
  expect(log).toEqual([]);
});

test("after a week a mail is given up: with words by who sends, without where nobody does", async () => {
  await queueMail(store.db, letter);
  await queueMail(store.db, letter);
  const age = async (days: number) => {
    const created = new Date(Date.now() - days * day).toISOString();
    await store.db.updateTable("mails").set({ created }).execute();
  };
  await age(6.9);
  expect(await dropOldMails(store.db)).toBe(0);
  await age(7.1);
  const { mails, log, all, worker } = delivery([{ is: "sent" }]);
  await queueMail(store.db, { ...letter, subject: "fresh" });
  await all;
  await worker.stop();
  expect(mails.map(({ subject }) => subject)).toEqual(["[pstore] fresh"]);
  expect(log).toHaveLength(2);
  expect(log[0]).toBe(
    "warning: the mail 's' to joe@example.com was not sent: it could not be sent for a week; tell them in another way",
  );
  await queueMail(store.db, letter);
  await age(7.1);
  expect(await dropOldMails(store.db)).toBe(1);
});
