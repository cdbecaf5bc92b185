import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { timeText } from "../../../../database/schema.ts";
import { addUser, changeState } from "../../../../services/accounts.ts";
import type { CheckResult } from "../../../../services/check/check-result.ts";
import { attention, readHealth } from "../../../../services/health.ts";
import { addKey } from "../../../../services/keys.ts";
import { withhold } from "../../../../services/withholding.ts";
import { actor, bytes, type Draft, TestStore, type TestUser } from "../../../../store-for-tests.ts";
import { Visitor } from "../../visitor-for-tests.ts";

const script = "<script>alert(1)</script>";

let store: TestStore;
let joe: TestUser;
let token: string;
let root: Visitor;
let viewer: Visitor;
let clerk: Visitor;
let large: Draft;
let soon: string;

async function person(name: string): Promise<void> {
  const nothing = { email: "", fullName: "", staff: false, superuser: false, viewAny: false, password: null };
  await addUser(store.db, actor, { ...nothing, name });
}

/** Whoever adds users and keys queues mails. */
async function noMails(): Promise<void> {
  await store.db.deleteFrom("mails").execute();
}

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  await store.addUser("root", { staff: true, superuser: true });
  await store.addUser("viewer", { staff: true, viewAny: true });
  await store.addUser("clerk", { staff: true });
  token = await store.signIn(joe);
  root = await Visitor.of(store, "root");
  viewer = await Visitor.of(store, "viewer");
  clerk = await Visitor.of(store, "clerk");
  await noMails();
});
afterAll(() => store.close());

/** The words of a page, without its marks. */
const words = (text: string) => text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

/** The words between two headings of a page. */
function section(text: string, heading: string): string {
  const all = text.split(/<h[23]>/);
  const found = all.find((part) => part.startsWith(`${heading}<`));
  if (found === undefined) throw new Error(`there is no section '${heading}': ${words(text)}`);
  return words(found);
}

async function checked(): Promise<string> {
  const { status, location } = await root.post("/health/check");
  expect([status, location]).toEqual([303, "/health?done=checked"]);
  return (await root.get("/health?done=checked")).text;
}

test("before the first check the page says so, and looking at it checks nothing", async () => {
  const { status, text } = await clerk.get("/health");
  expect(status).toBe(200);
  expect(words(text)).toContain("The store has not been checked yet.");
  expect(await store.db.selectFrom("check_runs").selectAll().execute()).toEqual([]);
});

test("a check is begun by the staff alone, from a page of ours", async () => {
  expect((await clerk.post("/health/check", {}, { csrf: null })).status).toBe(403);
  expect((await clerk.post("/health/check", {}, { from: "https://elsewhere.example" })).status).toBe(403);
  const nobody = await Visitor.of(store, null);
  expect((await nobody.get("/health")).location).toBe("/sign-in?next=%2Fhealth");
  expect((await nobody.post("/health/check")).location).toBe("/sign-in?done=not-signed-in");
  const plain = await Visitor.of(store, "joe");
  expect((await plain.post("/health/check")).location).toBe("/sign-in?done=not-signed-in");
  expect(await store.db.selectFrom("check_runs").selectAll().execute()).toEqual([]);
  expect((await clerk.post("/health/check")).location).toBe("/health?done=checked");
});

test("a sound store is said to be sound, in each section", async () => {
  const text = await checked();
  expect(words(text)).toContain("The check is done.");
  expect(words(text)).toMatch(
    /Last checked: \d{4}-\d\d-\d\d \d\d:\d\d UTC , 0 objects in less than a second/,
  );
  expect(section(text, "Consistency")).toContain("No faults were found");
  expect(section(text, "Keys that expire")).toContain("No key of an active user has expired");
  expect(section(text, "Users without a usable key")).toContain(
    "Every active user has a usable key, and one that reads unless",
  );
  expect(section(text, "Members who wait to be let in")).toContain("Nobody waits.");
  expect(section(text, "Members who may not sign in")).toContain("No member is disabled or deleted.");
  expect(section(text, "Values encrypted to earlier keys")).toContain("Everything is encrypted");
  expect(section(text, "Unsigned revisions")).toContain("Every revision has a signature.");
  expect(section(text, "Mails that wait now")).toContain("No mail waits.");
  expect(await attention(store.db)).toEqual({
    ...{ failed: false, faults: 0, endingKeys: 0, failingMails: 0 },
  });
});

describe("in a store in which much has happened", () => {
  let text: string;

  beforeAll(async () => {
    const ann = await store.addUser("ann");
    const max = await store.addUser("max");
    const rob = await store.addUser("rob");
    await person("lea");
    const lea = { ...ann, name: "lea", keys: new Map() };
    large = store.draft(joe, script, {
      ann: [ann, "read"],
      lea: [lea, "read"],
      max: [max, "write"],
      rob: [rob, "read"],
    });
    await store.putSecret(large, "password", bytes("old"));
    store.putPublic(large, "image", new Uint8Array(60_000));
    await store.committed(token, large);
    const second = store.next(large, joe);
    store.putPublic(second, "image", new Uint8Array(40_000));
    await store.committed(token, second);
    const hidden = store.draft(joe, "hidden");
    await store.committed(token, hidden);
    await withhold(store.db, actor, hidden.manifest.object.id);
    await changeState(store.db, actor, "ann", "disable");
    await changeState(store.db, actor, "rob", "remove");
    await store.addKey("max", "max2");
    // The primary key lasts for ever; what values are encrypted to does not.
    await person("kim");
    soon = store.gpg.generate("kim", "ed25519", "sign,cert", "never", [["cv25519", "encr", "30d"]]);
    const block = store.gpg.run(["--export", soon]);
    await addKey(store.db, actor, { user: "kim", block, writeOnly: false, description: "" });
    const value = { id: crypto.randomUUID(), size: 5, digest: "", piece_digests: new Uint8Array() };
    const nowhere = { object_id: null, property: null, revision: null, replaced: null };
    const created = timeText(new Date());
    await store.db
      .insertInto("stored_values")
      .values({ ...value, ...nowhere, created })
      .execute();
    const user = await store.db
      .selectFrom("users")
      .select("id")
      .where("name", "=", "joe")
      .executeTakeFirstOrThrow();
    await store.db
      .insertInto("uploads")
      .values({ id: crypto.randomUUID(), user_id: user.id, value_id: value.id, finished: 1, created })
      .execute();
    text = await checked();
  });

  test("keys that expire soon are named, also where only their encryption subkey does", () => {
    expect(section(text, "Keys that expire")).toMatch(
      new RegExp(
        `kim ${readable(openpgpFingerprint(soon)).replace("  ", " ")} \\d{4}-\\d\\d-\\d\\d in 30 days`,
      ),
    );
    expect(text).toContain(`href="/key?fingerprint=openpgp%3A${soon}"`);
  });

  test("users without a usable key are named", () => {
    const found = section(text, "Users without a usable key");
    expect(found).toContain("lea no key was added");
    expect(found).not.toContain("kim");
  });

  test("members are named with what is to be done about them", () => {
    expect(section(text, "Members who wait to be let in")).toContain(
      "lea 1 object once lea has a usable key, a writer of each runs pstore --pending=lea",
    );
    const gone = section(text, "Members who may not sign in");
    expect(gone).toContain("ann disabled 1 object a writer of each runs pstore --offboard ann");
    expect(gone).toContain("rob deleted 1 object a writer of each runs pstore --offboard rob");
    const stale = section(text, "Values encrypted to earlier keys");
    expect(stale).toContain("max 1 object 1 object is not encrypted to all present keys of the user");
    expect(stale).toContain("max runs pstore --rewrap , or a writer pstore --rewrap=max");
    expect(stale).not.toContain("joe");
  });

  test("sizes are counted, and what is under way, and what is withheld", () => {
    const found = section(text, "Store");
    expect(found).toMatch(/Withheld now 1 object /);
    expect(found).toContain("Uploads under way now 1 upload, 5 bytes of them complete");
    expect(found).toMatch(/Present values 39\.\d KiB Earlier values that are kept 58\.6 KiB/);
    expect(found).toMatch(/Log \d+ rows/);
  });

  test("objects are named to who may view any, and what is in a name stays text", async () => {
    const { id } = large.manifest.object;
    for (const visitor of [root, viewer]) {
      const { text: seen } = await visitor.get("/health");
      expect(seen).toContain(`<a href="/objects/${id}">&lt;script&gt;alert(1)&lt;/script&gt;</a>`);
      expect(seen).toContain('<a href="/objects?user=max">1 object</a>');
    }
    const { text: seen } = await clerk.get("/health");
    expect(seen).not.toContain("/objects");
    expect(section(seen, "Store")).not.toContain("alert");
    expect(section(seen, "Members who may not sign in")).toContain("ann disabled 1 object");
    expect(text).not.toContain(script);
    const staff = {
      userId: "",
      userName: "clerk",
      fingerprint: "",
      address: "",
      staff: true,
      writeOnly: true,
    };
    const admin = { ...staff, seesAll: false, superuser: false, sessionDigest: "", way: "key" } as const;
    const { last } = await readHealth(store.db, { ...admin, signedIn: new Date() });
    expect(last?.result.largest).toEqual([]);
  });

  test("a member's fault stands with what to do about it", async () => {
    expect(section(text, "Consistency")).toContain("2 faults found");
    expect(section(text, "Consistency")).toContain("let ann in again: pstore-server user enable ann");
    expect((await attention(store.db)).faults).toBe(2);
    expect((await (await Visitor.of(store, "root")).get("/")).text).toContain(
      "The last check of the store found 2 faults.",
    );
    expect(await attention(store.db)).toMatchObject({ endingKeys: 1 });
  });
});

test("of a damaged store it is said where, and unsigned revisions are counted", async () => {
  await store.db.updateTable("commits").set({ signature: "" }).execute();
  await store.db.deleteFrom("wrapped_keys").execute();
  const { text } = await clerk.post("/health/check").then(() => clerk.get("/health"));
  const found = section(text, "Consistency");
  expect(found).toContain("signature hidden (withheld) revision 1:");
  expect(found).toContain("is not wrapped to max&#39;s reading key");
  expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(text).not.toContain(script);
  expect(section(text, "Unsigned revisions")).toContain("3 revisions have no signature");
});

test("while another server checks, the page says since when, and begins no second one", async () => {
  const now = timeText(new Date());
  const row = { id: "other", running: 1, started: now, alive: now, finished: null, result: "" } as const;
  await store.db.insertInto("check_runs").values(row).execute();
  expect((await clerk.post("/health/check")).location).toBe("/health?done=check-goes-on");
  const { text } = await clerk.get("/health?done=check-goes-on");
  expect(words(text)).toContain("A check goes on already.");
  expect(words(text)).toMatch(/A check goes on since .* Reload this page to see/);
  expect(text).not.toContain("Check now");
  const longAgo = timeText(new Date(Date.now() - 600_000));
  await store.db.updateTable("check_runs").set({ alive: longAgo }).where("id", "=", "other").execute();
  expect((await clerk.get("/health")).text).toContain("Check now");
  await store.db.deleteFrom("check_runs").where("id", "=", "other").execute();
});

test("a check that failed is told, beside what the last one found", async () => {
  const now = timeText(new Date());
  const failed = { id: "failed", running: null, started: now, alive: now, finished: now, result: "" };
  await store.db.insertInto("check_runs").values(failed).execute();
  const { text } = await clerk.get("/health");
  expect(words(text)).toMatch(/The check that ended at .* failed before it had looked at everything\./);
  expect(section(text, "Unsigned revisions")).toContain("3 revisions");
  expect((await attention(store.db)).failed).toBe(true);
  await checked();
  expect(words((await clerk.get("/health")).text)).not.toContain("failed");
});

test("mails that wait are shown to superusers with whom they are for, to others as a number", async () => {
  await noMails();
  const now = timeText(new Date());
  const mail = {
    to_admins: 1,
    subject: `About ${script}`,
    body: "secret body",
    created: now,
    due: now,
  } as const;
  await store.db
    .insertInto("mails")
    .values({
      ...mail,
      id: "mail",
      recipients: '["ann@example.com"]',
      attempts: 3,
      last_error: `550 no <b>such</b> user`,
    })
    .execute();
  const { text } = await root.get("/health");
  const found = section(text, "Mails that wait now");
  expect(found).toContain("ann@example.com the addresses of --admin-mail About &lt;script&gt;");
  expect(found).toContain("3 550 no &lt;b&gt;such&lt;/b&gt; user");
  expect(text).not.toContain("secret body");
  expect(found).toContain("as soon as a server with --smtp-url runs");
  const later = timeText(new Date(Date.now() + 3_600_000));
  await store.db.updateTable("mails").set({ due: later }).execute();
  const postponed = section((await root.get("/health")).text, "Mails that wait now");
  expect(postponed).toContain(`${later.slice(0, 10)} ${later.slice(11, 16)} UTC`);
  expect(postponed).not.toContain("as soon as a server");
  store.sendsMail = false;
  const unsent = section((await root.get("/health")).text, "Mails that wait now");
  expect(unsent).toContain("1 mail waits for a server that is started with --smtp-url : this one sends none");
  expect(unsent).not.toContain("ann@example.com");
  store.sendsMail = true;
  for (const visitor of [viewer, clerk]) {
    const { text: seen } = await visitor.get("/health");
    expect(section(seen, "Mails that wait now")).toContain(
      "1 mail waits; a superuser sees for whom, and why.",
    );
    expect(seen).not.toContain("ann@example.com");
    expect(seen).not.toContain("550 no");
  }
  expect((await attention(store.db)).failingMails).toBe(1);
  expect((await (await Visitor.of(store, "root")).get("/")).text).toContain(
    "1 mail could not be sent so far.",
  );
});

test("of a store full of faults a part is kept and shown, in no time; what another version kept is passed over", async () => {
  const { result } = await store.db.selectFrom("check_runs").select("result").executeTakeFirstOrThrow();
  const full = JSON.parse(result) as CheckResult;
  const fault = { kind: "value", where: "web1", fault: "the value is not whole", solution: "restore it" };
  full.faults = { shown: Array.from({ length: 1000 }, () => fault), count: 5000 };
  full.keyless = {
    shown: Array.from({ length: 200 }, (_, at) => ({ user: `u${at}`, keys: 1, writes: false })),
    count: 300,
  };
  await store.db
    .updateTable("check_runs")
    .set({ result: JSON.stringify(full) })
    .execute();
  await root.get("/health");
  const start = performance.now();
  const { text } = await root.get("/health");
  expect(performance.now() - start).toBeLessThan(1000);
  expect(section(text, "Consistency")).toContain("And 4,000 more. pstore-server check lists them all.");
  expect(section(text, "Users without a usable key")).toContain("And 100 more.");
  await store.db.updateTable("check_runs").set({ result: '{"objects":1}' }).execute();
  expect(words((await root.get("/health")).text)).toContain("The store has not been checked yet.");
});
