import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { apiPath } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { encodeManifest } from "@pstore/core/manifest";
import { changeState } from "../services/accounts.ts";
import { RequestLimits, type RequestRates } from "../services/limits/requests.ts";
import { maxStoredManifest, defaultSizeLimits as sizes } from "../services/limits/sizes.ts";
import { actor, bytes, origin, TestStore, type TestUser, unlimited } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let token: string;
beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  token = await store.signIn(joe);
});
afterAll(() => store.close());
afterEach(() => {
  limit({});
  store.limits = sizes;
  store.address = "192.0.2.1";
});

/** Begins to count anew, by a clock that stands still. */
function limit(rates: Partial<RequestRates>): void {
  store.requests = new RequestLimits({ ...unlimited, ...rates }, () => 0);
}

/** The statuses of so many requests. */
async function statuses(count: number, ask: () => Promise<{ status: number }>): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < count; n++) found.push((await ask()).status);
  return found;
}

const info = () => store.call("GET", "/store");
const list = () => store.call("GET", "/objects", { token });

test("an address that asks for too much is told when to try again, in the API and in the web admin, and no other is", async () => {
  limit({ maxAddressRequests: 4 });
  const before = (await store.audit()).length;
  expect(await statuses(6, info)).toEqual([200, 200, 200, 200, 429, 429]);
  const { body, response } = await info();
  expect(body).toMatchObject({ code: "too-many-requests", status: 429 });
  expect(body.detail).toContain("wait 15 seconds");
  expect(response.headers.get("retry-after")).toBe("15");
  const page = await store.fetch(new Request(`${origin}/sign-in`));
  expect([page.status, page.headers.get("retry-after")]).toEqual([429, "15"]);
  expect(await page.text()).toContain("Too many");
  // Whoever takes a server out of service that does not answer must not do so when it has much to do.
  expect((await store.fetch(new Request(`${origin}/healthz`))).status).toBe(200);
  store.address = "192.0.2.2";
  expect((await info()).status).toBe(200);
  // Nobody is known, so there is nobody to log it of.
  expect((await store.audit()).length).toBe(before);
});

test("addresses of IPv6 count by their first 64 bits; the loopback ones do not count", async () => {
  limit({ maxAddressRequests: 2 });
  store.address = "2001:db8::1";
  expect(await statuses(2, info)).toEqual([200, 200]);
  store.address = "2001:db8::2";
  expect(await statuses(1, info)).toEqual([429]);
  for (const address of ["127.0.0.1", "::1"]) {
    store.address = address;
    expect(await statuses(3, info)).toEqual([200, 200, 200]);
  }
});

test("a user who asks for too much has to wait, from wherever, and the log says it once", async () => {
  limit({ maxUserRequests: 3 });
  const before = (await store.audit()).length;
  expect(await statuses(3, list)).toEqual([200, 200, 200]);
  store.address = "192.0.2.9";
  expect(await statuses(3, list)).toEqual([429, 429, 429]);
  const rows = (await store.audit()).slice(before);
  expect(rows.map((row) => row.outcome)).toEqual(["ok", "ok", "ok", "too-many-requests"]);
  expect(rows.at(-1)).toMatchObject({ user_name: "joe", action: "list", address: "192.0.2.9" });
  const annsToken = await store.signIn(ann);
  expect((await store.call("GET", "/objects", { token: annsToken })).status).toBe(200);
});

test("a user whose requests are refused again and again has to wait, whatever they ask for; conflicts do not count", async () => {
  const draft = store.draft(joe, "contended");
  await store.committed(token, draft);
  limit({ maxRefusals: 2 });
  const before = (await store.audit()).length;
  // The name is taken: that is a conflict, and may happen to anybody.
  expect(await statuses(4, () => store.commit(token, store.draft(joe, "contended")))).toEqual([
    409, 409, 409, 409,
  ]);
  const missing = () => store.call("GET", "/object?name=none", { token });
  expect(await statuses(4, missing)).toEqual([404, 404, 429, 429]);
  expect((await list()).status).toBe(429);
  const rows = (await store.audit()).slice(before).map((row) => row.outcome);
  expect(rows).toEqual([...Array(4).fill("conflict"), "not-found", "not-found", "too-many-requests"]);
});

test("refused sign-ins do not fill the log, and keep nobody out who signs in rightly", async () => {
  limit({ maxRefusals: 3 });
  const before = (await store.audit()).length;
  const wrong = async () =>
    store.call("POST", "/session", { json: await store.login(joe, { signature: "AAAA" }) });
  expect(await statuses(6, wrong)).toEqual([401, 401, 401, 429, 429, 429]);
  expect((await wrong()).response.headers.get("retry-after")).toBe("20");
  const rows = (await store.audit()).slice(before).map((row) => row.outcome);
  expect(rows).toEqual(["sign-in-refused", "sign-in-refused", "sign-in-refused", "too-many-requests"]);
  expect((await store.call("POST", "/session", { json: await store.login(joe) })).status).toBe(200);
});

test("links and passwords of the web admin that are refused do not fill the log either", async () => {
  limit({ maxRefusals: 2 });
  const before = (await store.audit()).length;
  const post = (path: string, fields: Record<string, string>) =>
    store.fetch(
      new Request(`${origin}${path}`, {
        method: "POST",
        headers: { origin },
        body: new URLSearchParams(fields),
      }),
    );
  for (let n = 0; n < 4; n++) await post(`/sign-in/link/${"x".repeat(43)}`, {});
  for (let n = 0; n < 4; n++)
    await post("/sign-in", { name: "nobody", password: "wrong", code: "", next: "/" });
  const rows = (await store.audit()).slice(before).map((row) => row.outcome);
  expect(rows).toEqual(["sign-in-refused", "sign-in-refused", "too-many-requests"]);
});

test("a request over the limit of the server is refused, and a sentence names the limit", async () => {
  store.limits = { ...sizes, maxRequestSize: 1000 };
  const names = Array.from({ length: 200 }, (_, n) => `machine ${n}`);
  const { status, body } = await store.call("POST", "/details", {
    token,
    json: { names, users: [], have: [] },
  });
  expect([status, body.code]).toEqual([413, "too-large"]);
  expect(body.detail).toContain("1000 bytes");
});

test("a value over the limit is refused, inline as well", async () => {
  store.limits = { ...sizes, maxUploadSize: 10 };
  const draft = store.draft(joe, "large value");
  store.putPublic(draft, "large", bytes("eleven byte"));
  expect((await store.commit(token, draft)).body).toMatchObject({
    code: "too-large",
    detail: expect.stringContaining("10 are the most"),
  });
});

/** A machine with so many properties. */
async function machine(name: string, count: number) {
  const draft = store.draft(joe, name, { ann: [ann, "read"] });
  for (let n = 0; n < count; n++) store.putPublic(draft, `p${n}`, bytes("x"));
  await store.committed(token, draft);
  return draft;
}

test("a machine gets no more properties than the limit; with more it stays readable, changes and shrinks", async () => {
  const draft = await machine("many properties", 4);
  store.limits = { ...sizes, maxProperties: 2 };
  expect((await store.call("GET", "/object?name=many%20properties", { token })).status).toBe(200);
  const more = store.next(draft, joe);
  store.putPublic(more, "p4", bytes("x"));
  expect((await store.commit(token, more)).body).toMatchObject({
    code: "too-large",
    detail:
      "'many properties' would have 5 properties, and 2 are the most here; use another machine for some of them",
  });
  const changed = store.next(draft, joe);
  store.putPublic(changed, "p0", bytes("y"));
  await store.committed(token, changed);
  const fewer = store.next(changed, joe, { properties: new Map([...changed.manifest.properties].slice(1)) });
  await store.committed(token, fewer);
  await store.committed(token, store.next(fewer, joe, { deleted: true }));
  const fresh = store.draft(joe, "new");
  for (const name of ["a", "b", "c"]) store.putPublic(fresh, name, bytes("x"));
  expect((await store.commit(token, fresh)).status).toBe(413);
});

test("a machine gets no more members than the limit, and can lose those that it has", async () => {
  const draft = await machine("many members", 1);
  store.limits = { ...sizes, maxMembers: 1 };
  const bob = await store.addUser("bob");
  const all = new Map(draft.manifest.members).set("bob", { access: "read", keys: bob.keys });
  expect((await store.commit(token, store.next(draft, joe, { members: all }))).body).toMatchObject({
    code: "too-large",
    detail: expect.stringContaining("3 members, and 1 are the most"),
  });
  const fewer = new Map([...draft.manifest.members].filter(([name]) => name === "joe"));
  await store.committed(token, store.next(draft, joe, { members: fewer }));
});

test("a manifest that no database could take in one statement is refused", async () => {
  const draft = store.draft(joe, "huge");
  // White space is good JSON: large enough, without thousands of keys.
  const manifest = `${encodeManifest(draft.manifest)}${" ".repeat(maxStoredManifest)}`;
  const commit = commitText(commitOf(store.store.id, [manifest]));
  const signature = store.sign(joe.key, commit, "commit");
  const json = { commit, signature, changes: [{ manifest, values: [], wrappedKeys: [] }] };
  const { status, body } = await store.call("POST", "/commits", { token, json });
  expect([status, body.detail]).toEqual([413, expect.stringContaining(`${maxStoredManifest} are the most`)]);
});

test("a user has so many uploads open at most, and commits or time make room", async () => {
  store.limits = { ...sizes, maxOpenUploads: 2 };
  const put = (id: string) => store.call("PUT", `/uploads/${id}`, { token, bytes: bytes("large") });
  const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
  expect([(await put(one)).status, (await put(two)).status]).toEqual([200, 200]);
  const refused = await put(three);
  expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
  expect(refused.body.detail).toContain("2 uploads");
  const annsToken = await store.signIn(ann);
  const hers = await store.call("PUT", `/uploads/${randomUUID()}`, { token: annsToken, bytes: bytes("x") });
  expect(hers.status).toBe(200);
  const draft = store.draft(joe, "takes an upload");
  store.putPublic(draft, "large", bytes("large"), one);
  await store.committed(token, draft);
  expect((await put(three)).status).toBe(200);
  // What was refused left nothing behind.
  expect(await store.db.selectFrom("uploads").select("id").execute()).toHaveLength(3);
});

/** A request whose body waits in its middle; it has begun when the server waits for more of it. */
function heldBack(method: string, path: string, holder: string, body: string) {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const parts = [body.slice(0, 10), body.slice(10)];
  const stream = new ReadableStream(
    {
      async pull(controller) {
        const part = parts.shift();
        if (parts.length === 0) {
          begun.resolve();
          await goOn.promise;
        }
        controller.enqueue(bytes(part ?? ""));
        if (parts.length === 0) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { authorization: `Bearer ${holder}` };
  const answer = store.fetch(new Request(`${origin}${apiPath}${path}`, { method, headers, body: stream }));
  return { answer, begun: begun.promise, goOn: goOn.resolve };
}

test("a body that was held back until its user was disabled is served nothing, and stores nothing", async () => {
  const max = await store.addUser("max");
  const maxsToken = await store.signIn(max);
  const search = JSON.stringify({ key: "p", all: false });
  const id = randomUUID();
  const held = [
    heldBack("POST", "/search", maxsToken, search),
    heldBack("PUT", `/uploads/${id}`, maxsToken, "x".repeat(100)),
  ];
  for (const { begun } of held) await begun;
  await changeState(store.db, actor, "max", "disable");
  for (const { goOn } of held) goOn();
  expect(await Promise.all(held.map(async ({ answer }) => (await answer).status))).toEqual([401, 403]);
  expect(await store.db.selectFrom("uploads").select("id").where("id", "=", id).execute()).toEqual([]);
});
