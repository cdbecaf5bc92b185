import { afterAll, beforeAll, expect, test } from "bun:test";
import { actor, TestStore, type TestUser } from "../store-for-tests.ts";
import { changeState } from "./accounts.ts";
import { exportTable } from "./export.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let token: string;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  await store.addUser("bob");
  await store.addUser("gone");
  token = await store.signIn(joe);
  const web1 = store.draft(joe, "web1", { ann: [ann, "read"] });
  store.putPublic(web1, "ip", Buffer.from("1.2.3.4"));
  store.putPublic(web1, "text", Buffer.from("x".repeat(2048)));
  store.putPublic(web1, "only", Buffer.from("1"));
  store.putPublic(web1, "both", Buffer.from("ü\ttwo\nlines"));
  await store.putSecret(web1, "password", Buffer.from("secret"));
  const web2 = store.draft(joe, "web2");
  store.putPublic(web2, "ip", Buffer.from(""));
  store.putPublic(web2, "text", Buffer.from("x".repeat(2049)));
  await store.putSecret(web2, "both", Buffer.from("secret"));
  await store.putSecret(web2, "password", Buffer.from("secret"));
  const bob: TestUser = { ...ann, name: "bob", keys: new Map() };
  const web3 = store.draft(joe, "web3", { bob: [bob, "read"] });
  store.putPublic(web3, "ip", Buffer.from([0xff, 0xfe]));
  store.putPublic(web3, "text", Buffer.from("a\u0000b"));
  const deleted = store.draft(joe, "web0");
  store.putPublic(deleted, "only", Buffer.from("1"));
  await store.committed(token, web1, web2, web3, deleted);
  await store.committed(token, store.next(deleted, joe, { deleted: true }));
  await changeState(store.db, actor, "gone", "remove");
});
afterAll(() => store.close());

async function rows(withEncrypted: boolean, commonIfGte: number) {
  return await Array.fromAsync(exportTable(store.db, actor, { withEncrypted, commonIfGte }));
}

test("living machines, present users, and the public properties that at least two have", async () => {
  expect(await rows(false, 2)).toEqual([
    ["machine", "user:ann", "user:bob", "user:joe", "property:ip", "property:text"],
    ["web1", "read", "", "write", "1.2.3.4", "x".repeat(2048)],
    ["web2", "", "", "write", "", "(2049 byte document)"],
    ["web3", "", "read (pending)", "write", "(2 byte document)", "(3 byte document)"],
  ]);
});

test("encrypted ones, as their sizes, are counted and shown only when asked for", async () => {
  const [header, web1, web2, web3] = await rows(true, 2);
  expect(header?.slice(4)).toEqual(["property:both", "property:ip", "property:password", "property:text"]);
  expect(web1?.[4]).toBe("ü\ttwo\nlines");
  expect([web1?.[6], web2?.[4], web2?.[6]].every((cell) => /^\(\d+ byte encrypted\)$/.test(cell ?? ""))).toBe(
    true,
  );
  expect(web3?.slice(4)).toEqual(["", "(2 byte document)", "", "(3 byte document)"]);
  expect((await rows(false, 1))[0]?.slice(4)).toEqual([
    "property:both",
    "property:ip",
    "property:only",
    "property:text",
  ]);
  expect((await rows(false, 4))[0]?.slice(4)).toEqual([]);
});

test("it is in the log, and a removed user whom a machine still lists is there", async () => {
  await changeState(store.db, actor, "ann", "remove");
  await changeState(store.db, actor, "bob", "remove");
  expect((await rows(false, 9))[0]).toEqual(["machine", "user:ann", "user:bob", "user:joe"]);
  const told = await store.db.selectFrom("audit").selectAll().where("action", "=", "export").execute();
  expect(told.map((row) => row.detail)).toContain("with encrypted");
});

test("more machines than are held at once come each once, in order", async () => {
  const names = Array.from({ length: 120 }, (_, at) => `host${String(at).padStart(3, "0")}`);
  await store.committed(token, ...names.map((name) => store.draft(joe, name)));
  const found = (await rows(false, 2)).map(([name]) => name);
  expect(found.filter((name) => name?.startsWith("host"))).toEqual(names);
});
