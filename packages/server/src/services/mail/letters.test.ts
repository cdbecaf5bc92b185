/** Who is told what, as it lies in the queue. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { actor, TestStore, type TestUser } from "../../store-for-tests.ts";
import { addUser, changeState } from "../accounts.ts";
import { addKey, removeKey } from "../keys.ts";

let store: TestStore;
let joe: TestUser;
let alex: TestUser;
let token: string;

beforeAll(async () => {
  store = await TestStore.make();
  await addUser(store.db, actor, {
    name: "root",
    email: "root@example.com",
    fullName: "",
    staff: true,
    superuser: true,
    viewAny: false,
    password: null,
  });
  joe = await store.addUser("joe", { email: "joe@example.com" });
  alex = await store.addUser("alex", { email: "alex@example.com" });
  token = await store.signIn(joe);
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.db.deleteFrom("mails").execute();
});

/** What is queued: to whom, and the text, with the time as `TIME`. */
async function queued() {
  const rows = await store.db.selectFrom("mails").selectAll().orderBy("recipients").execute();
  return rows.map(({ recipients, to_admins, subject, body }) => ({
    to: [...JSON.parse(recipients), ...(to_admins === 1 ? ["--admin-mail"] : [])],
    subject,
    body: body.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "TIME"),
  }));
}

test("a deletion is told to its members who have an address, once for all objects, and says how to undo it", async () => {
  const walter = await store.addUser("walter");
  const gone = await store.addUser("gone", { email: "gone@example.com" });
  const others = { alex: [alex, "read"], walter: [walter, "write"], gone: [gone, "read"] } as const;
  const drafts = ["db3", "it's"].map((name) =>
    store.draft(joe, name, Object.fromEntries(Object.entries(others).map(([k, v]) => [k, [...v]]))),
  );
  const own = store.draft(joe, "own");
  for (const draft of [...drafts, own]) await store.putSecret(draft, "password", Buffer.from("s3cret"));
  await store.committed(token, ...drafts, own);
  await changeState(store.db, actor, "gone", "disable");
  await store.db.deleteFrom("mails").execute();

  const [first] = drafts;
  if (first === undefined) throw new Error("no draft");
  await store.committed(token, store.next(first, joe, { deleted: true }));
  expect(await queued()).toEqual([
    {
      to: ["alex@example.com", "joe@example.com"],
      subject: "Machine db3 was deleted",
      body: `joe deleted the machine 'db3' at TIME, from
192.0.2.1. You are a member of it.

The store keeps the encrypted values until TIME.
Until then a member with write access brings it back as it was at
revision 1 with:

    pstore db3 --restore 1

The deletion is signed by this key of joe:

    ${readable(joe.key)}

If joe did not do this, that key is in other hands: tell joe and an
admin of the store at once.
`,
    },
  ]);
  const [row] = (await store.audit()).filter(({ action }) => action === "delete");
  expect(row?.detail).toMatch(/^revision 2; the values of revision 1 are kept until \d{4}-\d\d-\d\dT/);
  const days = Date.parse(row?.detail.slice(-24) ?? "") - Date.parse(row?.time ?? "");
  expect(Math.round(days / 86_400_000)).toBe(30);

  await store.db.deleteFrom("mails").execute();
  const rest = [...drafts.slice(1), own].map((draft) => store.next(draft, joe, { deleted: true }));
  await store.committed(token, ...rest);
  const mails = await queued();
  expect(mails.map(({ to, subject }) => ({ to, subject }))).toEqual([
    { to: ["alex@example.com"], subject: "Machine it's was deleted" },
    { to: ["joe@example.com"], subject: "2 machines were deleted, it's among them" },
  ]);
  expect(mails[1]?.body).toContain(`\n    pstore 'it'\\''s' --restore 1\n    pstore own --restore 1\n`);
});

test("a change that deletes nothing, or was refused, tells nobody", async () => {
  const draft = store.draft(joe, "kept");
  await store.committed(token, draft);
  const next = store.next(draft, joe);
  store.putPublic(next, "ip", Buffer.from("192.0.2.7"));
  await store.committed(token, next);
  const wrong = store.next(draft, joe, { deleted: true });
  expect((await store.commit(token, wrong)).status).toBe(409);
  const right = store.request([store.next(next, joe, { deleted: true })]);
  expect((await store.call("POST", "/commits", { token, json: right })).status).toBe(200);
  await store.db.deleteFrom("mails").execute();
  // The same bytes again, as a client sends them that got no answer.
  expect((await store.call("POST", "/commits", { token, json: right })).status).toBe(200);
  expect(await queued()).toEqual([]);
});

test("the removal of a user is told to the admins, with what hangs on the user; disabling is not", async () => {
  const eve = await store.addUser("eve", { fullName: "Eve\u202e Ex", email: "eve@example.com" });
  const evesToken = await store.signIn(eve);
  await store.committed(evesToken, store.draft(eve, "shared", { joe: [joe, "read"] }));
  await store.committed(evesToken, store.draft(eve, "own"));
  await store.db.deleteFrom("mails").execute();
  await changeState(store.db, actor, "eve", "disable");
  expect(await queued()).toEqual([]);
  await changeState(store.db, actor, "eve", "remove");
  const [mail, ...more] = await queued();
  expect(more).toEqual([]);
  expect(mail?.to).toEqual(["root@example.com", "--admin-mail"]);
  expect(mail?.subject).toBe("User eve was removed");
  const text = mail?.body.replace(/\s+/g, " ");
  expect(text).toContain(
    "test removed the user eve (Eve\\u{202e} Ex) at TIME, with a command of pstore-server on the server's own host.",
  );
  expect(text).toContain("eve was a member of 2 machines: 'own', 'shared'.");
  expect(text).toContain(" pstore --offboard eve ");
  expect(text).toContain("Nobody else who may sign in can read 1 machine: 'own'.");
});

test("an admin who is removed learns it, too", async () => {
  await store.addUser("root2", { superuser: true, email: "root2@example.com" });
  await store.db.deleteFrom("mails").execute();
  await changeState(store.db, actor, "root2", "remove");
  expect((await queued()).map(({ to }) => to)).toEqual([
    ["root2@example.com", "root@example.com", "--admin-mail"],
  ]);
});

test("a key is told of to its user and the admins: added, with new content, removed, and again", async () => {
  const hex = store.gpg.generate("new", "ed25519", "sign,cert", "never", [["cv25519", "encr", "never"]]);
  const key = openpgpFingerprint(hex);
  const add = async () => {
    const block = store.gpg.run(["--export", hex]);
    await addKey(store.db, actor, { user: "alex", block, writeOnly: false, description: "" });
  };
  await add();
  // Nothing new in it.
  await add();
  const [added, ...more] = await queued();
  expect(more).toEqual([]);
  expect(added?.to).toEqual(["alex@example.com", "root@example.com", "--admin-mail"]);
  expect(added?.subject).toBe("alex has a new public key");
  expect(added?.body).toContain(`\n    OpenPGP key: ${readable(key)}\n`);
  expect(added?.body).toContain("\n    pstore --trust alex\n");
  expect(added?.body).toContain(`\n    pstore-server key remove ${key}\n`);

  await store.db.deleteFrom("mails").execute();
  store.gpg.run(["--quick-add-key", hex, "cv25519", "encr", "never"]);
  await add();
  const [updated] = await queued();
  expect(updated?.subject).toBe("A public key of alex was updated");
  expect(updated?.body).not.toContain("--trust");
  const wordsOf = (mail: typeof updated) => mail?.body.replace(/\s+/g, " ") ?? "";
  expect(wordsOf(updated)).toMatch(
    /with something new in it: it has a new part [0-9A-F ]+, to which values are encrypted from now on\. What was encrypted/,
  );
  expect(updated?.body).toContain("\n    pstore --rewrap=alex\n");

  await store.db.deleteFrom("mails").execute();
  const year = new Date().getUTCFullYear() + 2;
  store.gpg.run(["--quick-set-expire", hex, `${year}-03-04`]);
  await add();
  const [extended] = await queued();
  expect(wordsOf(extended)).toContain(
    `with something new in it: it expires on ${year}-03-04. If this is not`,
  );
  expect(extended?.body).not.toContain("--rewrap");

  await store.db.deleteFrom("mails").execute();
  await removeKey(store.db, actor, key);
  const [removed] = await queued();
  expect(removed?.subject).toBe("A public key of alex was removed");
  expect(removed?.body).toContain("\n    pstore --rewrap=alex\n");

  await store.db.deleteFrom("mails").execute();
  await add();
  expect((await queued()).map(({ subject }) => subject)).toEqual(["alex has a new public key"]);
});

test("of a key that was revoked it is told what to do", async () => {
  const eva = await store.addUser("eva", { email: "eva@example.com" });
  await store.db.deleteFrom("mails").execute();
  const hex = eva.key.slice("openpgp:".length);
  const file = `${store.gpg.path}/openpgp-revocs.d/${hex}.rev`;
  store.gpg.run(["--import"], readFileSync(file, "utf8").replace(":---", "---"));
  const block = store.gpg.run(["--export", hex]);
  await addKey(store.db, actor, { user: "eva", block, writeOnly: false, description: "" });
  const [mail] = await queued();
  expect(mail?.subject).toBe("A public key of eva was updated");
  expect(mail?.body.replace(/\s+/g, " ")).toContain(
    "with something new in it: it is revoked. It is good for nothing any more, and eva needs another key",
  );
  expect(mail?.body).toContain("\n    pstore-server key add eva FILE\n");
  expect(mail?.body).toContain("\n    pstore --rewrap=eva\n");
  expect(mail?.body).not.toContain("key remove");
});

test("lines are short, but for what is to be copied", async () => {
  const draft = store.draft(joe, `x${" long name".repeat(12)}`);
  await store.committed(token, draft);
  await store.committed(token, store.next(draft, joe, { deleted: true }));
  const [mail] = await queued();
  for (const line of mail?.body.split("\n") ?? []) {
    if (!line.startsWith("    ")) expect(line.length).toBeLessThanOrEqual(78);
  }
});
