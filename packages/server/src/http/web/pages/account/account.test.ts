import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Secret, TOTP } from "otpauth";
import decodeQr from "qr/decode.js";
import { addUser, knownUser, removeTotp } from "../../../../services/accounts.ts";
import { attemptLimits } from "../../../../services/web/attempts.ts";
import { openWebSession } from "../../../../services/web/sessions.ts";
import { actor, TestStore } from "../../../../store-for-tests.ts";
import { fieldOf, TestBrowser } from "../../browser-for-tests.ts";
import { Visitor } from "../../visitor-for-tests.ts";

let store: TestStore;
let browser: TestBrowser;
let name: string;
let count = 0;
const good = "correct horse battery";
const better = "staple of the battery";

beforeAll(async () => {
  store = await TestStore.make();
});
afterAll(() => store.close());
beforeEach(async () => {
  name = `user${count++}`;
  await addUser(store.db, actor, {
    name,
    email: `${name}@example.com`,
    fullName: "A <b>bold</b> user",
    staff: true,
    superuser: false,
    viewAny: false,
    password: good,
  });
  browser = new TestBrowser(store);
  expect((await browser.signIn(name, good)).status).toBe(303);
});
afterEach(() => store.db.deleteFrom("failed_sign_ins").execute());

/** A browser that a key has signed in so many seconds ago. */
async function signedInByKey(seconds = 0): Promise<TestBrowser> {
  const { id: userId } = await knownUser(store.db, name);
  const { key } = await store.addSshKey(name, "ed25519");
  const session = { userId, way: "key", fingerprint: key, address: "", agent: "" } as const;
  const made = new TestBrowser(store);
  made.cookies.set("pstore-session", await openWebSession(store.db, session));
  const created = new Date(Date.now() - seconds * 1000).toISOString();
  await store.db.updateTable("web_sessions").set({ created }).where("fingerprint", "=", key).execute();
  return made;
}

const codeAt = (secret: string, seconds = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + seconds * 1000 });

/** @returns the secret, and the code that has confirmed it and so is used up */
async function setUp(): Promise<{ secret: string; used: string }> {
  const secret = fieldOf((await browser.get("/account/totp")).text, "secret");
  const used = codeAt(secret);
  const fields = { secret, code: used, current: good };
  const { location } = await browser.post("/account/totp", fields, "/account/totp");
  expect(location).toBe("/account?done=totp-set");
  return { secret, used };
}

/** What a phone reads from the picture on a page. */
function readQr(page: string): string {
  const size = Number(/viewBox="0 0 (\d+) /.exec(page)?.[1]);
  const scale = 8;
  const width = size * scale;
  const data = new Uint8Array(width * width * 4).fill(255);
  for (const [, x, y] of page.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let dy = 0; dy < scale; dy++) {
      const start = ((Number(y) * scale + dy) * width + Number(x) * scale) * 4;
      for (let at = start; at < start + scale * 4; at += 4) data.fill(0, at, at + 3);
    }
  }
  return decodeQr({ width, height: width, data });
}

const hasTotp = async () => (await knownUser(store.db, name)).totp_secret !== null;

test("the account says who one is, and shows only what is one's own", async () => {
  const { text } = await browser.get("/account");
  for (const part of [
    `${name}@example.com`,
    "A &lt;b&gt;bold&lt;/b&gt; user",
    "with the password",
    "this one",
  ])
    expect(text).toContain(part);
  expect(text).not.toContain("<b>");
  expect(text).not.toContain("superuser:");
  for (const path of ["/account", "/account/password", "/account/totp"])
    expect((await (await Visitor.of(store, null)).get(path)).location).toStartWith("/sign-in?next=");
});

describe("sessions", () => {
  const digests = (page: string) =>
    [...page.matchAll(/name="session" value="([0-9a-f]{64})"/g)].map(([, one]) => one ?? "");

  test("are listed, and one can be ended", async () => {
    const other = new TestBrowser(store);
    await other.signIn(name, good);
    const [first = "", second = ""] = digests((await other.get("/account")).text);
    await browser.post("/account/sessions/end", { session: first }, "/account");
    await browser.post("/account/sessions/end", { session: second }, "/account");
    expect([await browser.isSignedIn(), await other.isSignedIn()]).toEqual([false, false]);
  });

  test("of others cannot be ended", async () => {
    const [session = ""] = digests((await browser.get("/account")).text);
    await addUser(store.db, actor, {
      name: `eve-${name}`,
      email: "",
      fullName: "",
      staff: true,
      superuser: true,
      viewAny: false,
      password: good,
    });
    const eve = new TestBrowser(store);
    await eve.signIn(`eve-${name}`, good);
    await eve.post("/account/sessions/end", { session }, "/account");
    expect(await browser.isSignedIn()).toBe(true);
  });

  test("end everywhere at once", async () => {
    const other = new TestBrowser(store);
    await other.signIn(name, good);
    const { location } = await browser.post("/account/sign-out-everywhere", {}, "/account");
    expect(location).toBe("/sign-in?done=signed-out-everywhere");
    expect([await browser.isSignedIn(), await other.isSignedIn()]).toEqual([false, false]);
    expect((await store.audit()).at(-1)).toMatchObject({ action: "web sign out", detail: "everywhere" });
  });

  test("and all the rest need a form of one's own", async () => {
    for (const path of [
      "/account/sessions/end",
      "/account/sign-out-everywhere",
      "/account/password",
      "/account/password/remove",
      "/account/totp",
      "/account/totp/remove",
    ])
      expect([path, (await browser.post(path, {})).status]).toEqual([path, 403]);
    expect(await browser.isSignedIn()).toBe(true);
  });
});

describe("the password", () => {
  const change = (fields: Record<string, string>, by = browser) =>
    by.post(
      "/account/password",
      { current: good, password: better, again: better, ...fields },
      "/account/password",
    );

  test("is changed with the one until now, and the other sessions end", async () => {
    const other = new TestBrowser(store);
    await other.signIn(name, good);
    expect((await change({})).location).toBe("/account?done=password-set");
    expect([await browser.isSignedIn(), await other.isSignedIn()]).toEqual([true, false]);
    expect((await other.signIn(name, good)).status).toBe(401);
    expect((await other.signIn(name, better)).status).toBe(303);
    const log = JSON.stringify(await store.audit());
    expect(log).toContain("set web password");
    for (const secret of [good, better]) expect(log).not.toContain(secret);
  });

  test("is not changed otherwise, and the page says why", async () => {
    for (const [fields, status, why] of [
      [{ current: "wrong" }, 403, "The current password is wrong"],
      [{ current: "" }, 403, "The current password is wrong"],
      [{ again: "something else" }, 400, "The two new passwords differ"],
      [
        { password: "eleven char", again: "eleven char" },
        400,
        "A password has at least 12 characters, and this one has 11",
      ],
    ] as const) {
      const answer = await change(fields);
      expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(why)]);
    }
    expect((await new TestBrowser(store).signIn(name, good)).status).toBe(303);
  });

  test("cannot be guessed in a session that was stolen, which locks nobody out", async () => {
    for (let tried = 0; tried < attemptLimits.browser; tried++)
      expect((await change({ current: "wrong" })).status).toBe(403);
    const { status, headers } = await change({});
    expect([status, headers.has("retry-after")]).toEqual([429, true]);
    expect((await new TestBrowser(store).signIn(name, good)).status).toBe(303);
  });

  test("is not asked for right after a sign-in by key", async () => {
    const old = await signedInByKey(601);
    expect((await change({ current: "" }, old)).status).toBe(403);
    const fresh = await signedInByKey(590);
    expect((await change({ current: "" }, fresh)).status).toBe(303);
  });

  test("is removed by who has a key, and set again by the key alone", async () => {
    const remove = (by: TestBrowser) => by.post("/account/password/remove", { current: good }, "/account");
    expect((await remove(browser)).status).toBe(409);
    const fresh = await signedInByKey();
    expect((await remove(fresh)).location).toBe("/account?done=password-removed");
    expect((await new TestBrowser(store).signIn(name, good)).status).toBe(401);
    const old = await signedInByKey(700);
    const refused = await change({ current: "" }, old);
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("pstore --web")]);
    expect((await change({ current: "" }, fresh)).status).toBe(303);
    expect((await new TestBrowser(store).signIn(name, better)).status).toBe(303);
  });
});

describe("the second factor", () => {
  test("is shown as a picture and as text, and on only once a code has confirmed it", async () => {
    const { text, headers } = await browser.get("/account/totp");
    const secret = fieldOf(text, "secret");
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(text).toContain(`<code>${secret.match(/.{4}/g)?.join(" ")}</code>`);
    const uri = readQr(text);
    expect(uri).toStartWith(`otpauth://totp/pstore%20127.0.0.1%204711:${name}?`);
    expect(Object.fromEntries(new URL(uri).searchParams)).toEqual({
      issuer: "pstore 127.0.0.1 4711",
      secret,
      algorithm: "SHA1",
      digits: "6",
      period: "30",
    });
    expect(headers.get("cache-control")).toBe("no-store");
    const set = (fields: Record<string, string>) =>
      browser.post("/account/totp", { secret, current: good, ...fields }, "/account/totp");
    const refused = await set({ code: codeAt(secret, 300) });
    expect([refused.status, fieldOf(refused.text, "secret")]).toEqual([403, secret]);
    expect((await set({ code: codeAt(secret), current: "wrong" })).status).toBe(403);
    expect((await set({ code: codeAt(secret), secret: "JBSWY3DP" })).status).toBe(400);
    expect(await hasTotp()).toBe(false);
    expect((await set({ code: codeAt(secret) })).location).toBe("/account?done=totp-set");
    expect(await hasTotp()).toBe(true);
    expect((await set({ code: codeAt(secret, 30) })).status).toBe(409);
    const log = JSON.stringify(await store.audit());
    expect(log).toContain('"set totp"');
    expect(log).not.toContain(secret);
  });

  test("is asked for with the password, and each code is good once", async () => {
    const { secret, used } = await setUp();
    const signIn = async (code: string) => (await new TestBrowser(store).signIn(name, good, code)).status;
    const wrongPassword = await new TestBrowser(store).signIn(name, "wrong");
    const noCode = await new TestBrowser(store).signIn(name, good);
    expect([noCode.status, noCode.text]).toEqual([401, wrongPassword.text]);
    expect(await signIn(codeAt(secret, 300))).toBe(401);
    expect(await signIn(used)).toBe(401);
    const next = codeAt(secret, 30);
    const answers = await Promise.all([
      signIn(next),
      signIn(next),
      signIn(` ${next.slice(0, 3)} ${next.slice(3)} `),
    ]);
    expect(answers.toSorted()).toEqual([303, 401, 401]);
    expect(await signIn(next)).toBe(401);
    expect(await signIn(used)).toBe(401);
    expect(await signIn("000")).toBe(401);
    expect((await store.audit()).at(-1)?.detail).toContain("the code is wrong or was used before");
  }, 30_000);

  test("is removed with a code, or right after a sign-in by key", async () => {
    const { secret, used } = await setUp();
    const remove = (code: string, by = browser) =>
      by.post("/account/totp/remove", { code }, "/account/totp/remove");
    expect((await remove("")).status).toBe(403);
    expect((await remove(used)).status).toBe(403);
    expect(await hasTotp()).toBe(true);
    expect((await remove(codeAt(secret, 30))).location).toBe("/account?done=totp-removed");
    expect(await hasTotp()).toBe(false);
    expect((await remove("")).status).toBe(404);
    await setUp();
    expect((await remove("", await signedInByKey(700))).status).toBe(403);
    expect((await remove("", await signedInByKey())).status).toBe(303);
    expect((await new TestBrowser(store).signIn(name, good)).status).toBe(303);
  }, 30_000);

  test("that was lost is removed by whoever runs the server, which ends the sessions", async () => {
    await setUp();
    expect(await browser.isSignedIn()).toBe(true);
    await removeTotp(store.db, actor, name);
    expect([await hasTotp(), await browser.isSignedIn()]).toEqual([false, false]);
    expect((await browser.signIn(name, good)).status).toBe(303);
  });

  test("cannot be guessed in a session that was stolen", async () => {
    await setUp();
    for (let tried = 0; tried < attemptLimits.browser; tried++)
      await browser.post("/account/totp/remove", { code: "1" }, "/account");
    expect((await browser.post("/account/totp/remove", { code: "1" }, "/account")).status).toBe(429);
  });
});
