import { afterAll, beforeAll, expect, test } from "bun:test";
import type { SearchAnswer, SearchRequest } from "@pstore/core/api/schemas";
import { pieceSize } from "@pstore/core/digest";
import { bytes, type Draft, TestStore, type TestUser, turnsDuring } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let joesToken: string;
let annsToken: string;
let viewersToken: string;

/** A machine with public properties. */
function machine(name: string, properties: Record<string, string>, owner = joe): Draft {
  const draft = store.draft(owner, name);
  for (const [property, value] of Object.entries(properties)) {
    store.putPublic(draft, property, bytes(value));
  }
  return draft;
}

type Sought = Partial<SearchRequest>;

const ask = async (token: string, sought: Sought) =>
  await store.call("POST", "/search", { token, json: { all: false, ...sought } });

async function search(token: string, sought: Sought): Promise<SearchAnswer> {
  const { status, body } = await ask(token, sought);
  expect([status, body.detail]).toEqual([200, undefined]);
  return body;
}

async function places(sought: Sought, token = joesToken): Promise<string[]> {
  return (await search(token, sought)).found.map(({ name, property }) => `${name}/${property}`);
}

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  const viewer = await store.addUser("viewer", { viewAny: true });
  [joesToken, annsToken, viewersToken] = [
    await store.signIn(joe),
    await store.signIn(ann),
    await store.signIn(viewer),
  ];
  const drafts = [
    machine("web2", { site: "ZÜRICH, Rack 5", note: "100% of a_b" }),
    machine("Web1", { site: "Zu\u0308rich", "ip-address": "192.0.2.7", note: "100 or axb" }),
    machine("db", { empty: "", site: "ΟΔΟΣΑ" }),
  ];
  const [first] = drafts;
  if (first) await store.putSecret(first, "password", bytes("zürich"));
  await store.committed(joesToken, ...drafts);
  await store.committed(annsToken, machine("anns", { site: "Zürich", secretary: "x" }, ann));
});
afterAll(() => store.close());

test("values are found by a part of them, whatever the case, in any alphabet", async () => {
  expect(await places({ value: "zürich" })).toEqual(["Web1/site", "web2/site"]);
  expect(await places({ value: "οδος" })).toEqual(["db/site"]);
  expect(await places({ value: "RACK 5" })).toEqual(["web2/site"]);
  expect(await places({ value: "zurich" })).toEqual([]);
});

test("a percent sign, an underscore and a backslash stand for themselves", async () => {
  expect(await places({ value: "100%" })).toEqual(["web2/note"]);
  expect(await places({ value: "a_b" })).toEqual(["web2/note"]);
  expect(await places({ value: "\\" })).toEqual([]);
  expect(await places({ key: "%" })).toEqual([]);
});

test("names are found too, also of encrypted and empty properties, and both texts hold for one property", async () => {
  expect(await places({ key: "PASS" })).toEqual(["web2/password"]);
  expect(await places({ key: "empty" })).toEqual(["db/empty"]);
  expect(await places({ key: "t", value: "1" })).toEqual(["Web1/note", "web2/note"]);
  expect(await places({ key: "ip-", value: "192" })).toEqual(["Web1/ip-address"]);
  expect(await places({ key: "ip-", value: "zürich" })).toEqual([]);
});

test("nothing is found in what is not one's own, but for a privileged user the names", async () => {
  expect(await places({ value: "zürich" }, annsToken)).toEqual(["anns/site"]);
  expect(await places({ key: "secret" })).toEqual([]);
  expect(await places({ key: "secret" }, viewersToken)).toEqual([]);
  expect(await places({ key: "s", all: true }, viewersToken)).toEqual([
    "Web1/ip-address",
    "Web1/site",
    "anns/secretary",
    "anns/site",
    "db/site",
    "web2/password",
    "web2/site",
  ]);
  expect(await places({ value: "zürich", all: true }, viewersToken)).toEqual([]);
  const refused = await ask(joesToken, { key: "s", all: true });
  expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
});

test("there must be something to look for", async () => {
  for (const sought of [{}, { key: "", value: "" }, { value: "" }]) {
    const refused = await ask(joesToken, sought);
    expect([refused.status, refused.body.code]).toEqual([400, "bad-request"]);
    expect(refused.body.detail).toContain("nothing to search for");
  }
});

test("a value of one piece is looked into to its end, a larger one is not", async () => {
  const large = async (name: string, size: number, at: number) => {
    const draft = store.draft(joe, name);
    const value = new Uint8Array(size).fill(0x20);
    value.set(bytes("needle"), at);
    const id = crypto.randomUUID();
    await store.call("PUT", `/uploads/${id}`, { token: joesToken, bytes: value });
    store.putPublic(draft, "large", value, id);
    await store.committed(joesToken, draft);
  };
  for (const number of [1, 2, 3, 4, 5, 6]) await large(`whole${number}`, pieceSize, pieceSize - 6);
  await large("beyond", pieceSize + 1, 0);
  expect(await places({ value: "NEEDLE" })).toEqual([1, 2, 3, 4, 5, 6].map((n) => `whole${n}/large`));
});

test("while large values are looked into, others are served", async () => {
  const draft = store.draft(ann, "wide");
  for (const number of Array.from({ length: 16 }).keys()) {
    const id = crypto.randomUUID();
    const value = new Uint8Array(pieceSize).fill(0x20);
    await store.call("PUT", `/uploads/${id}`, { token: annsToken, bytes: value });
    store.putPublic(draft, `wide${number}`, value, id);
  }
  await store.committed(annsToken, draft);
  const few = await turnsDuring(() => search(annsToken, { key: "wide" }));
  const many = await turnsDuring(() => search(annsToken, { key: "wide", value: "x" }));
  // Whoever waits for a server of a database always lets others have their turn.
  expect(store.db.engine === "sqlite" ? many - few : many).toBeGreaterThanOrEqual(3);
});

test("what is deleted, dropped or replaced is not found", async () => {
  const draft = machine("brief", { site: "somewhere", other: "somewhere" });
  await store.committed(joesToken, draft);
  const next = store.next(draft, joe);
  next.manifest = { ...next.manifest, properties: new Map() };
  store.putPublic(next, "site", bytes("elsewhere"));
  await store.committed(joesToken, next);
  expect(await places({ value: "where" })).toEqual(["brief/site"]);
  expect(await places({ value: "somewhere" })).toEqual([]);
  await store.committed(joesToken, store.next(next, joe, { deleted: true }));
  expect(await places({ value: "where" })).toEqual([]);
});

test("too many finds are cut off, and that is told", async () => {
  const many = (name: string, count: number) =>
    machine(name, Object.fromEntries(Array.from({ length: count }, (_, n) => [`many${1000 + n}`, "x"])));
  await store.committed(joesToken, many("many1", 999), many("many2", 1));
  const all = await search(joesToken, { key: "many", value: "X" });
  expect([all.found.length, all.more]).toEqual([1000, false]);
  await store.committed(joesToken, many("many3", 2));
  const cut = await search(joesToken, { key: "many" });
  expect([cut.found.length, cut.more]).toEqual([1000, true]);
  expect(cut.found.at(-1)).toEqual({ name: "many2", property: "many1000" });
});

test("a search is in the log with the name that was searched for, and never the value", async () => {
  await search(viewersToken, { key: "site", value: "Zür", all: true });
  await search(joesToken, { value: "needle in the log" });
  await ask(joesToken, { value: `needle in the log${"x".repeat(2000)}` });
  const log = await store.audit();
  expect(log.slice(-3)).toMatchObject([
    { user_name: "viewer", action: "search", detail: "all, property 'site', a value" },
    { user_name: "joe", action: "search", detail: "a value" },
    { user_name: "joe", action: "search", outcome: "bad-request" },
  ]);
  expect(JSON.stringify(log)).not.toContain("needle in the log");
});
