import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { webLoginText } from "@pstore/core/login";
import { changeState } from "../services/accounts.ts";
import { addKey, removeKey } from "../services/keys.ts";
import { collectGarbage } from "../services/uploads.ts";
import { actor, origin, TestStore, type TestUser } from "../store-for-tests.ts";
import { Visitor } from "./web/visitor-for-tests.ts";

const past = "2026-01-01T00:00:00.000Z";
const ofStaff = { staff: true, superuser: true };
let store: TestStore;
let root: TestUser;
let joe: TestUser;
let nobody: Visitor;

beforeAll(async () => {
  store = await TestStore.make();
  root = await store.addUser("root", ofStaff);
  joe = await store.addUser("joe");
  nobody = await Visitor.of(store, null);
});
afterAll(() => store.close());

type LoginOptions = Parameters<TestStore["login"]>[1];

/** As `store.login`, with a signature over the text for the web admin. */
async function webLogin(user: { name: string; key: Fingerprint }, options: LoginOptions = {}) {
  const login = await store.login(user, { ...options, signature: "" });
  const text = webLoginText({
    ...login,
    key: user.key,
    user: options?.signedName ?? user.name,
    store: options?.store ?? store.store.id,
  });
  const signature = options?.signature ?? store.sign(options?.signAs ?? user.key, text, "login");
  return { ...login, signature };
}

const ask = (json: unknown, token?: string) =>
  store.call("POST", "/web-link", { json, ...(token === undefined ? {} : { token }) });

/** A link's path, as the client makes it. */
async function linkOf(user: { name: string; key: Fingerprint }): Promise<string> {
  const { status, body } = await ask(await webLogin(user));
  expect([status, body]).toEqual([
    200,
    { token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), expiresIn: 120 },
  ]);
  return `/sign-in/link/${body.token}`;
}

/** Sends the form of a link's page. @returns the cookie that was set, if any */
async function follow(path: string, as: Visitor = nobody) {
  const { status, location, text, response } = await as.post(path);
  const cookie = response.headers.get("set-cookie");
  return {
    status,
    location,
    text,
    cookie,
    token: /^pstore-session=([^;]+);/.exec(cookie ?? "")?.[1] ?? null,
  };
}

const signedInAs = async (token: string) => {
  const headers = { cookie: `pstore-session=${token}` };
  const response = await store.fetch(new Request(`${origin}/`, { headers }));
  return /href="\/account"[^>]*>([^<]+)</.exec(await response.text())?.[1] ?? null;
};

async function refused(login: unknown, why: string): Promise<void> {
  const { status, body } = await ask(login);
  expect([why, status, body.code, body.detail]).toEqual([
    why,
    401,
    "sign-in-refused",
    expect.stringContaining("the signature is not by a current key of an active user of this store"),
  ]);
}

const deadLink =
  "This link was used already, has expired, or is none of this store&#39;s; run pstore --web again for a new one.";

async function isDead(path: string, as = nobody): Promise<void> {
  const { status, text, cookie } = await follow(path, as);
  expect([status, cookie]).toEqual([401, null]);
  expect(text).toContain(deadLink);
}

test("a signature over the web login text makes a link, and whoever follows it is signed in, once", async () => {
  const path = await linkOf(root);
  const stored = JSON.stringify(await store.db.selectFrom("web_links").selectAll().execute());
  expect(stored).not.toContain(path.slice("/sign-in/link/".length));

  const shown = await nobody.get(path);
  expect(shown.status).toBe(200);
  expect(shown.text).toContain(`<form method="post" action="${path}"`);
  expect(shown.text).not.toContain("root");
  expect(shown.response.headers.get("cache-control")).toBe("no-store");
  expect(shown.response.headers.get("referrer-policy")).toBe("same-origin");
  expect((await nobody.get(path)).status).toBe(200);

  const { status, location, cookie, token } = await follow(path);
  expect([status, location]).toEqual([303, "/"]);
  expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(await signedInAs(token ?? "")).toBe("root");
  expect(await store.db.selectFrom("web_sessions").selectAll().execute()).toEqual([
    expect.objectContaining({ way: "key", fingerprint: root.key, address: "192.0.2.1" }),
  ]);
  await isDead(path);
  expect((await nobody.get(path)).status).toBe(200);
  const log = (await store.audit()).slice(-3);
  expect(
    log.map(({ user_name, action, outcome, fingerprint }) => [user_name, action, outcome, fingerprint]),
  ).toEqual([
    ["root", "web link", "ok", root.key],
    ["root", "web sign in", "ok", root.key],
    ["", "web sign in", "sign-in-refused", ""],
  ]);
  expect(JSON.stringify(log)).not.toContain(path.slice("/sign-in/link/".length));
});

test("an SSH key makes a link too", async () => {
  const alex = await store.addSshUser("alex", "ed25519", ofStaff);
  const { token } = await follow(await linkOf(alex));
  expect(await signedInAs(token ?? "")).toBe("alex");
});

test("of many who follow one link at once, one is signed in", async () => {
  const path = await linkOf(root);
  const answers = await Promise.all(Array.from({ length: 10 }, () => follow(path)));
  expect(answers.filter(({ cookie }) => cookie !== null)).toHaveLength(1);
});

test("of many uses of one challenge at once, one makes a link", async () => {
  const login = await webLogin(root);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(login)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  await refused(login, "used before");
});

test("a login's signature makes no link, a web login's no session, and one challenge does for one of them", async () => {
  await refused(await store.login(root), "a login's signature");
  const login = await webLogin(root);
  const session = await store.call("POST", "/session", { json: login });
  expect([session.status, session.body.code]).toEqual([401, "sign-in-refused"]);
  expect((await ask(login)).status).toBe(200);
  const text = await store.login(root, { challenge: login.challenge });
  expect((await store.call("POST", "/session", { json: text })).status).toBe(401);
});

test("a session's token makes no link", async () => {
  const token = await store.signIn(root);
  expect((await ask({}, token)).status).toBe(400);
  const unsigned = await webLogin(root, { signature: "" });
  expect((await ask(unsigned, token)).status).toBe(401);
});

test("whatever is wrong with a login, the answer is the same, and nobody is told more", async () => {
  const good = await store.challenge();
  await refused(await webLogin(root, { challenge: `${good}=` }), "another text of the same challenge");
  await refused(await webLogin(root, { challenge: "x" }), "no challenge");
  await refused(await webLogin(root, { origin: "https://evil.example" }), "another origin");
  await refused(await webLogin(root, { store: crypto.randomUUID() }), "another store");
  await refused(await webLogin(root, { signedName: "joe" }), "signed for another user");
  await refused(await webLogin({ name: "root", key: joe.key }), "another user's key");
  await refused(await webLogin(root, { signAs: joe.key }), "signed by another key");
  await refused(await webLogin({ name: "nobody", key: root.key }), "unknown user");
  await refused(await webLogin(root, { signature: "" }), "no signature");
  const off = await store.addUser("off", ofStaff);
  await changeState(store.db, actor, "off", "disable");
  await refused(await webLogin(off), "disabled");
  const two = await store.addUser("two", ofStaff);
  await removeKey(store.db, actor, two.key);
  await refused(await webLogin(two), "a key that was removed");
  expect((await store.audit()).at(-1)).toMatchObject({
    user_name: "two",
    action: "web link",
    outcome: "sign-in-refused",
  });
});

test("a refusal comes at a fixed time", async () => {
  store.refusalTime = 100;
  const login = await webLogin(root, { challenge: "x" });
  const start = performance.now();
  await refused(login, "forged");
  store.refusalTime = 0;
  expect(performance.now() - start).toBeGreaterThanOrEqual(99);
});

test("who has proven who they are is told why they get no link, and the challenge is used up", async () => {
  const login = await webLogin(joe);
  const { status, body } = await ask(login);
  expect([status, body.code, body.detail]).toEqual([
    403,
    "forbidden",
    "joe is not of the staff, and the web admin is for the staff alone; ask a superuser to add you to it",
  ]);
  await refused(login, "used before");
  expect((await store.audit()).at(-2)).toMatchObject({
    user_name: "joe",
    fingerprint: joe.key,
    action: "web link",
    outcome: "forbidden",
  });
  const host = await store.addUser("host", { ...ofStaff, writeOnly: true });
  const byHost = await ask(await webLogin(host));
  expect([byHost.status, byHost.body.detail]).toEqual([
    403,
    expect.stringContaining("this key is write-only"),
  ]);
  expect(
    await store.db.selectFrom("web_links").selectAll().where("fingerprint", "=", host.key).execute(),
  ).toEqual([]);
});

test("a link is dead when it has expired, and dropped in time", async () => {
  const path = await linkOf(root);
  await store.db.updateTable("web_links").set({ expires: past }).execute();
  await isDead(path);
  expect((await store.audit()).at(-1)).toMatchObject({
    user_name: "root",
    detail: "by a link: the link has expired",
  });
  await linkOf(root);
  const count = async () => (await store.db.selectFrom("web_links").selectAll().execute()).length;
  await collectGarbage(store.db);
  expect(await count()).toBe(1);
  await store.db.updateTable("web_links").set({ expires: past }).execute();
  await collectGarbage(store.db);
  expect(await count()).toBe(0);
});

test("a link is dead when its user or its key could ask for none any more", async () => {
  const change = async (name: string, staff: 0 | 1) =>
    await store.db.updateTable("users").set({ staff }).where("name", "=", name).execute();
  const ann = await store.addUser("ann", ofStaff);
  const disabled = await linkOf(ann);
  await changeState(store.db, actor, "ann", "disable");
  await changeState(store.db, actor, "ann", "enable");
  await isDead(disabled);
  const demoted = await linkOf(ann);
  await change("ann", 0);
  await isDead(demoted);
  await change("ann", 1);
  const keyless = await linkOf(ann);
  await removeKey(store.db, actor, ann.key);
  await addKey(store.db, actor, { user: "ann", block: ann.block, writeOnly: false, description: "" });
  await isDead(keyless);
  const late = await linkOf(ann);
  await store.db
    .updateTable("public_keys")
    .set({ expires: past })
    .where("fingerprint", "=", ann.key)
    .execute();
  await isDead(late);
  const eve = await store.addUser("eve", ofStaff);
  const removed = await linkOf(eve);
  await changeState(store.db, actor, "eve", "remove");
  await isDead(removed);
});

test("whoever was signed in in this browser is so no longer", async () => {
  const bob = await store.addUser("bob", ofStaff);
  const before = await follow(await linkOf(bob));
  const path = await linkOf(root);
  const cookie = `pstore-session=${before.token}`;
  // The page came without the cookie, as it does from a file or another site: so its form knows nothing of the session.
  const response = await store.fetch(
    new Request(`${origin}${path}`, {
      method: "POST",
      headers: { cookie, origin, "content-type": "application/x-www-form-urlencoded" },
      body: "csrf=",
    }),
  );
  expect(response.status).toBe(303);
  const token = /^pstore-session=([^;]+);/.exec(response.headers.get("set-cookie") ?? "")?.[1] ?? "";
  expect(await signedInAs(token)).toBe("root");
  expect(await signedInAs(before.token ?? "")).toBeNull();
  // A link that is dead is refused to whoever follows it, not to whoever is signed in there.
  await isDead(path, await Visitor.of(store, "root"));
  expect(
    (await store.audit()).slice(-2).map(({ action, outcome, user_name }) => [action, outcome, user_name]),
  ).toEqual([
    ["web sign in", "ok", "root"],
    ["web sign in", "sign-in-refused", ""],
  ]);
});

test("no other site's form follows a link, and it is good afterwards", async () => {
  const path = await linkOf(root);
  for (const from of ["https://evil.example", "null", null]) {
    const { status, response } = await nobody.post(path, {}, { from });
    expect([from, status, response.headers.get("set-cookie")]).toEqual([from, 403, null]);
  }
  expect((await follow(path)).status).toBe(303);
});

test("nothing that is no link signs anybody in", async () => {
  for (const token of ["x", "%27", "..%2f..", "a".repeat(5000)]) await isDead(`/sign-in/link/${token}`);
  expect((await nobody.post("/sign-in/link/")).status).toBe(404);
});
