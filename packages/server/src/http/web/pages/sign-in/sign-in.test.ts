import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { addUser, changeState, knownUser, type NewUser, setPassword } from "../../../../services/accounts.ts";
import { removeKey } from "../../../../services/keys.ts";
import { attemptLimits } from "../../../../services/web/attempts.ts";
import { dropEndedSignIns } from "../../../../services/web/ended.ts";
import { openWebSession } from "../../../../services/web/sessions.ts";
import { actor, origin, TestStore } from "../../../../store-for-tests.ts";
import { TestBrowser } from "../../browser-for-tests.ts";
import { Visitor } from "../../visitor-for-tests.ts";

let store: TestStore;
const good = "correct horse battery";

async function add(name: string, more: Partial<NewUser> = {}): Promise<void> {
  const plain = { email: "", fullName: "", staff: true, superuser: false, viewAny: false, password: good };
  await addUser(store.db, actor, { ...plain, name, ...more });
}

beforeAll(async () => {
  store = await TestStore.make();
  await add("root", { superuser: true });
});
afterAll(() => store.close());
afterEach(async () => {
  store.address = "192.0.2.1";
  store.origins = [origin];
  await store.db.deleteFrom("failed_sign_ins").execute();
});

const failures = async () => (await store.db.selectFrom("failed_sign_ins").selectAll().execute()).length;
const lastDeed = async () => (await store.audit()).at(-1);

test("name and password sign in, and lead on to where one was going", async () => {
  const browser = new TestBrowser(store);
  const page = await browser.get("/sign-in?next=%2Fusers%3Ftext%3Da");
  expect(page.text).toContain('name="next" value="/users?text=a"');
  const { status, location } = await browser.signIn("root", good, "", "/users?text=a");
  expect([status, location]).toEqual([303, "/users?text=a"]);
  expect(await browser.isSignedIn()).toBe(true);
  expect(await failures()).toBe(0);
  expect((await browser.get("/sign-in?next=/users")).location).toBe("/users");
  const stored = JSON.stringify(await store.db.selectFrom("web_sessions").selectAll().execute());
  for (const value of browser.cookies.values()) expect(stored).not.toContain(value);
  const deed = await lastDeed();
  expect(deed).toMatchObject({
    user_name: "root",
    action: "web sign in",
    outcome: "ok",
    address: "192.0.2.1",
  });
});

test("it leads nowhere else, whatever the link said", async () => {
  const browser = new TestBrowser(store);
  expect((await browser.signIn("root", good, "", "//evil.example")).location).toBe("/");
  const page = await new TestBrowser(store).get(
    `/sign-in?next=${encodeURIComponent('/"><script>alert(1)</script>')}`,
  );
  expect(page.text).not.toContain("<script>alert");
});

test("whatever is wrong, the answer is the same, and only the log says why", async () => {
  await add("off");
  await changeState(store.db, actor, "off", "disable");
  await add("gone");
  await changeState(store.db, actor, "gone", "remove");
  await add("plain", { staff: false });
  await add("keyed", { password: null });
  const why: Record<string, string> = {
    root: "wrong password",
    off: "disabled or removed",
    gone: "disabled or removed",
    plain: "not of the staff",
    keyed: "no password",
    nobody: "unknown user",
  };
  const texts = new Set<string>();
  for (const [name, detail] of Object.entries(why)) {
    // The right password of somebody who may not sign in counts as little as a wrong one.
    const { status, text, headers } = await new TestBrowser(store).signIn(
      name,
      name === "root" ? "wrong" : good,
    );
    expect([name, status, headers.getSetCookie()]).toEqual([name, 401, []]);
    texts.add(text.replace(`value="${name}"`, `value="NAME"`));
    expect(await lastDeed()).toMatchObject({
      user_name: name === "nobody" ? "" : name,
      action: "web sign in",
      outcome: "sign-in-refused",
      detail: expect.stringContaining(detail),
    });
  }
  expect(texts.size).toBe(1);
  // Who is in a hurry types the password into the field of the name.
  await new TestBrowser(store).signIn(good, "");
  expect(JSON.stringify(await store.audit())).not.toContain(good);
});

test("a refusal costs as much for known, unknown and disabled users, and comes at a fixed time", async () => {
  const times = new Map<string, number[]>(["root", "nobody", "off", "keyed"].map((name) => [name, []]));
  const rounds = 7;
  for (let round = 0; round < rounds; round++) {
    for (const [name, all] of times) {
      await store.db.deleteFrom("failed_sign_ins").execute();
      const start = performance.now();
      await new TestBrowser(store).signIn(name, "wrong");
      all.push(performance.now() - start);
    }
  }
  const medians = [...times].map(([name, all]) => {
    const median = all.toSorted((a, b) => a - b)[(rounds - 1) / 2] ?? 0;
    console.log(`  ${name.padEnd(8)} ${median.toFixed(1)} ms (median of ${rounds})`);
    return median;
  });
  // The verification alone takes longer than all the rest: a refusal without it would be far below half.
  expect(Math.min(...medians)).toBeGreaterThan(Math.max(...medians) / 2);
  store.refusalTime = 2000;
  try {
    const start = performance.now();
    await new TestBrowser(store).signIn("nobody", "wrong");
    expect(performance.now() - start).toBeGreaterThanOrEqual(1999);
  } finally {
    store.refusalTime = 0;
  }
});

describe("guessing", () => {
  const guess = (name: string, browser = new TestBrowser(store)) => browser.signIn(name, "wrong");

  test("is limited for an account, whether anybody has it or not, and from wherever it comes", async () => {
    for (const name of ["root", "nobody"]) {
      for (let count = 0; count < attemptLimits.account; count++) {
        store.address = `198.51.100.${count}`;
        expect((await guess(name)).status).toBe(401);
      }
      store.address = "203.0.113.1";
      const refused = await guess(name);
      expect(refused.status).toBe(429);
      expect(refused.text).toContain("Too many attempts have failed; try again in 15 minutes");
      const seconds = Number(refused.headers.get("retry-after"));
      expect(seconds).toBeWithin(880, 901);
      expect((await new TestBrowser(store).signIn(name, good)).status).toBe(429);
      expect(await lastDeed()).toMatchObject({ action: "web sign in", outcome: "too-many-requests" });
    }
  });

  test("is limited for an address, and for all of a network's of IPv6", async () => {
    for (const [from, other, far] of [
      [() => "198.51.100.7", "198.51.100.7", "198.51.100.8"],
      [(count: number) => `2001:db8:1:2::${count}`, "2001:db8:1:2:ffff::", "2001:db8:1:3::1"],
    ] as const) {
      for (let count = 0; count < attemptLimits.source; count++) {
        store.address = from(count);
        expect((await guess(`nobody${count}`)).status).toBe(401);
      }
      store.address = other;
      expect((await new TestBrowser(store).signIn("root", good)).status).toBe(429);
      store.address = far;
      expect((await new TestBrowser(store).signIn("root", good)).status).toBe(303);
    }
  }, 60_000);

  test("at once counts like one after the other", async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => guess("root")));
    const verified = answers.filter(({ status }) => status === 401).length;
    expect(verified).toBeLessThanOrEqual(attemptLimits.account);
    expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true);
  }, 60_000);

  test("does not lock out who has signed in before in the same browser, nor who has a key", async () => {
    const owner = new TestBrowser(store);
    await owner.signIn("root", good);
    await owner.post("/sign-out", {}, "/account");
    expect(await owner.isSignedIn()).toBe(false);
    for (let count = 0; count < attemptLimits.account; count++) await guess("root");
    expect((await guess("root")).status).toBe(429);
    expect((await owner.signIn("root", good)).status).toBe(303);
    // What was guessed elsewhere still counts.
    expect((await guess("root")).status).toBe(429);
    const { id: userId } = await knownUser(store.db, "root");
    const session = { userId, way: "key", fingerprint: "", address: "", agent: "" } as const;
    expect(await openWebSession(store.db, session)).not.toBe("");
  });

  test("in such a browser has a limit of its own, and another account's mark is none", async () => {
    await add("eve");
    const eve = new TestBrowser(store);
    await eve.signIn("eve", good);
    eve.cookies.delete("pstore-session");
    for (let count = 0; count < attemptLimits.account; count++)
      expect((await guess("root", eve)).status).toBe(401);
    expect((await guess("root", eve)).status).toBe(429);
    for (let count = 0; count < attemptLimits.browser; count++)
      expect((await guess("eve", eve)).status).toBe(401);
    expect((await eve.signIn("eve", good)).status).toBe(429);
    const mark = eve.cookies.get("pstore-browser") ?? "";
    for (const forged of [`${mark}=`, mark.replace(/^./, (first) => (first === "A" ? "B" : "A")), "x", ""]) {
      const forger = new TestBrowser(store);
      forger.cookies.set("pstore-browser", forged);
      // It is a browser like any other: the address, which root's failures came from too, counts for it.
      store.address = "198.51.100.99";
      expect((await forger.signIn("root", good)).status).toBe(429);
    }
  });

  test("is forgotten in time", async () => {
    for (let count = 0; count < attemptLimits.account; count++) await guess("root");
    const old = new Date(Date.now() - attemptLimits.within * 1000).toISOString();
    await store.db.updateTable("failed_sign_ins").set({ time: old }).execute();
    expect((await new TestBrowser(store).signIn("root", good)).status).toBe(303);
    expect(await failures()).toBe(attemptLimits.account);
    await dropEndedSignIns(store.db);
    expect(await failures()).toBe(0);
  });
});

test("a planted session is never signed in: each sign-in has a new one, and ends the old one", async () => {
  const browser = new TestBrowser(store);
  browser.cookies.set("pstore-session", "planted");
  await browser.signIn("root", good);
  const first = browser.cookies.get("pstore-session");
  expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const planted = new TestBrowser(store);
  planted.cookies.set("pstore-session", "planted");
  expect(await planted.isSignedIn()).toBe(false);
  await browser.signIn("root", good);
  expect(browser.cookies.get("pstore-session")).not.toBe(first);
  planted.cookies.set("pstore-session", first ?? "");
  expect(await planted.isSignedIn()).toBe(false);
  expect(await browser.isSignedIn()).toBe(true);
});

test("cookies are for this server alone, and behind TLS for nothing else", async () => {
  const plain = (await new TestBrowser(store).signIn("root", good)).headers.getSetCookie();
  expect(plain).toEqual([
    expect.stringMatching(/^pstore-session=[^;]+; Path=\/; HttpOnly; SameSite=Strict$/),
    expect.stringMatching(/^pstore-browser=[^;]+; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Strict$/),
  ]);
  const secureOrigin = "https://pstore.example.com";
  store.origins = [secureOrigin];
  const browser = new TestBrowser(store, secureOrigin);
  const secure = (await browser.signIn("root", good)).headers.getSetCookie();
  expect(secure).toEqual([
    expect.stringMatching(/^__Host-pstore-session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/),
    expect.stringMatching(
      /^__Host-pstore-browser=[^;]+; Max-Age=31536000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    ),
  ]);
  expect(await browser.isSignedIn()).toBe(true);
  // One without the prefix, which another host of the domain could have set, is not read.
  const token = browser.cookies.get("__Host-pstore-session") ?? "";
  const other = new TestBrowser(store, secureOrigin);
  other.cookies.set("pstore-session", token);
  expect(await other.isSignedIn()).toBe(false);
});

test("signing out ends the session, and needs a form of its own", async () => {
  const browser = new TestBrowser(store);
  await browser.signIn("root", good);
  const token = browser.cookies.get("pstore-session") ?? "";
  expect((await browser.post("/sign-out", {})).status).toBe(403);
  expect((await browser.get("/sign-out")).status).toBe(404);
  expect(await browser.isSignedIn()).toBe(true);
  const out = await browser.post("/sign-out", {}, "/account");
  expect([out.status, out.location]).toEqual([303, "/sign-in?done=signed-out"]);
  expect(browser.cookies.has("pstore-session")).toBe(false);
  expect(browser.cookies.has("pstore-browser")).toBe(true);
  browser.cookies.set("pstore-session", token);
  expect(await browser.isSignedIn()).toBe(false);
  expect((await browser.get("/sign-in?done=signed-out")).text).toContain("You are signed out.");
});

test("another site's form signs nobody in or out", async () => {
  const nobody = await Visitor.of(store, null);
  for (const from of ["https://evil.example", "null", null]) {
    const { status, response } = await nobody.post("/sign-in", { name: "root", password: good }, { from });
    expect([status, response.headers.getSetCookie()]).toEqual([403, []]);
  }
  const root = await Visitor.of(store, "root");
  expect((await root.post("/sign-out", {}, { from: "https://evil.example" })).status).toBe(403);
  expect((await root.get("/account")).status).toBe(200);
});

test("a session ends in time, and with what it rests on", async () => {
  await add("ann");
  const { key } = await store.addSshKey("ann", "ed25519");
  const browser = new TestBrowser(store);
  const signIn = async () => {
    expect((await browser.signIn("ann", good)).status).toBe(303);
    expect(await browser.isSignedIn()).toBe(true);
  };
  const set = (values: { seen?: string; expires?: string; way?: "key"; fingerprint?: string }) =>
    store.db.updateTable("web_sessions").set(values).execute();
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
  const seen = async () =>
    (
      await store.db
        .selectFrom("web_sessions")
        .select("seen")
        .orderBy("created", "desc")
        .executeTakeFirstOrThrow()
    ).seen;

  await store.db.deleteFrom("web_sessions").execute();
  await signIn();
  const recent = ago(50);
  await set({ seen: recent });
  expect([await browser.isSignedIn(), await seen()]).toEqual([true, recent]);
  await set({ seen: ago(1795) });
  expect(await browser.isSignedIn()).toBe(true);
  expect(Date.now() - Date.parse(await seen())).toBeLessThan(20_000);
  await set({ seen: ago(1801) });
  expect(await browser.isSignedIn()).toBe(false);

  await signIn();
  await set({ expires: ago(0) });
  expect(await browser.isSignedIn()).toBe(false);
  await dropEndedSignIns(store.db);
  expect(await store.db.selectFrom("web_sessions").selectAll().execute()).toEqual([]);

  await signIn();
  await changeState(store.db, actor, "ann", "disable");
  expect(await browser.isSignedIn()).toBe(false);
  await changeState(store.db, actor, "ann", "enable");
  expect(await browser.isSignedIn()).toBe(false);

  await signIn();
  await store.db.updateTable("users").set({ staff: 0 }).where("name", "=", "ann").execute();
  expect(await browser.isSignedIn()).toBe(false);
  await store.db.updateTable("users").set({ staff: 1 }).where("name", "=", "ann").execute();

  await signIn();
  await setPassword(store.db, actor, "ann", good);
  expect(await browser.isSignedIn()).toBe(false);

  await signIn();
  await set({ way: "key", fingerprint: key });
  expect(await browser.isSignedIn()).toBe(true);
  await store.db
    .updateTable("public_keys")
    .set({ expires: ago(1) })
    .execute();
  expect(await browser.isSignedIn()).toBe(false);
  await store.db.updateTable("public_keys").set({ expires: null }).execute();
  expect(await browser.isSignedIn()).toBe(true);
  await removeKey(store.db, actor, key);
  expect(await browser.isSignedIn()).toBe(false);

  await signIn();
  await changeState(store.db, actor, "ann", "remove");
  expect(await browser.isSignedIn()).toBe(false);
});

test("an old hash is made anew when its password is typed", async () => {
  await add("old");
  const weak = await Bun.password.hash(good, { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 });
  await store.db.updateTable("users").set({ password_hash: weak }).where("name", "=", "old").execute();
  expect((await new TestBrowser(store).signIn("old", good)).status).toBe(303);
  const { password_hash: hash } = await knownUser(store.db, "old");
  expect(hash).toStartWith("$argon2id$v=19$m=32768,t=2,p=1$");
  expect((await new TestBrowser(store).signIn("old", good)).status).toBe(303);
  expect((await knownUser(store.db, "old")).password_hash).toBe(hash);
});

test("a form of 10 MB is not read, nor a password without end", async () => {
  const { status } = await new TestBrowser(store).signIn("root", "x".repeat(10_000_000));
  expect(status).toBe(413);
  expect((await new TestBrowser(store).signIn("root", "x".repeat(5000))).status).toBe(400);
  expect((await new TestBrowser(store).signIn("root", "")).status).toBe(401);
});
