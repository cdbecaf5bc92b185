import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Reads } from "@pstore/core/api/schemas";
import { changeState } from "../services/accounts.ts";
import { record } from "../services/audit.ts";
import { actor, bytes, type Draft, TestStore, type TestUser, turnsDuring } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let joesToken: string;
let annsToken: string;
let viewersToken: string;
let evesToken: string;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  const viewer = await store.addUser("viewer", { viewAny: true });
  const eve = await store.addUser("eve", { staff: true });
  [joesToken, annsToken, viewersToken, evesToken] = [
    await store.signIn(joe),
    await store.signIn(ann),
    await store.signIn(viewer),
    await store.signIn(eve),
  ];
});
afterAll(() => store.close());

async function machine(name: string): Promise<Draft> {
  const draft = store.draft(joe, name, { ann: [ann, "read"] });
  await store.putSecret(draft, "password", bytes("first"));
  await store.putSecret(draft, "pin", bytes("1234"));
  store.putPublic(draft, "ip", bytes("192.0.2.7"));
  await store.committed(joesToken, draft);
  return draft;
}

async function changed(before: Draft, property = "password"): Promise<Draft> {
  const next = store.next(before, joe);
  await store.putSecret(next, property, bytes("next"));
  await store.committed(joesToken, next);
  return next;
}

async function readsOf(user: string, token = joesToken): Promise<Reads["reads"]> {
  const { status, body } = await store.call("GET", `/reads?user=${user}`, { token });
  expect(status).toBe(200);
  return body.reads;
}

test("each encrypted value that a user has read is told once, with the revision that sealed it and the last time", async () => {
  const first = await machine("web1");
  const { id } = first.manifest.object;
  const show = (property: string) =>
    store.call("GET", `/object?name=web1&value=${property}`, { token: annsToken });
  await show("password");
  await show("ip");
  const second = await changed(first);
  await show("password");
  await changed(await changed(second), "pin");
  const stream = (property: string, revision: number) =>
    store.call("GET", `/objects/${id}/value?property=${property}&revision=${revision}`, { token: annsToken });
  expect((await stream("password", 2)).status).toBe(200);
  expect((await stream("password", 1)).status).toBe(200);
  expect((await stream("ip", 1)).status).toBe(200);
  expect((await stream("password", 9)).status).toBe(404);

  const expected = [
    { id, name: "web1", property: "password", revision: 1 },
    { id, name: "web1", property: "password", revision: 2 },
  ];
  const reads = await readsOf("ann");
  expect(reads).toMatchObject(expected);
  expect(reads).toHaveLength(2);
  const rows = store.db.selectFrom("audit").select("time").where("action", "=", "read");
  const newest = await rows
    .where("user_name", "=", "ann")
    .where("property", "=", "password")
    .orderBy("id", "desc")
    .executeTakeFirst();
  // The last read of all was of the first value.
  expect(reads[0]?.last).toBe(newest?.time ?? "");
  expect(await readsOf("joe")).toEqual([]);
  expect(await readsOf("nobody")).toEqual([]);
});

test("what a user has read who was revoked or removed since, is told still", async () => {
  const max = await store.addUser("max");
  const draft = store.draft(joe, "left", { max: [max, "read"] });
  await store.putSecret(draft, "password", bytes("x"));
  await store.committed(joesToken, draft);
  const names = { names: ["left"], value: "password", users: [], have: [] };
  await store.call("POST", "/details", { token: await store.signIn(max), json: names });
  const members = new Map(draft.manifest.members);
  members.delete("max");
  const renamed = { ...draft.manifest.object, name: "right" };
  const next = store.next(draft, joe, { members, object: renamed });
  await store.committed(joesToken, next);
  await changeState(store.db, actor, "max", "remove");
  expect(await readsOf("max")).toMatchObject([{ name: "right", property: "password", revision: 1 }]);
  // Of what was deleted, there is nothing left to change.
  await store.committed(joesToken, store.next(next, joe, { deleted: true }));
  expect(await readsOf("max")).toEqual([]);
});

test("the reads of others' machines are told to privileged users alone, and not to staff", async () => {
  const draft = store.draft(ann, "anns");
  await store.putSecret(draft, "password", bytes("x"));
  await store.committed(annsToken, draft);
  await store.call("GET", "/object?name=anns&value=password", { token: annsToken });
  const names = async (token: string) => (await readsOf("ann", token)).map((one) => one.name);
  for (const token of [joesToken, evesToken]) expect(await names(token)).not.toContain("anns");
  for (const token of [annsToken, viewersToken]) expect(await names(token)).toContain("anns");
});

test("the key of a replaced value is a read of it", async () => {
  const first = await machine("restored");
  await changed(first);
  const path = `/objects/${first.manifest.object.id}/kept?property=password`;
  await store.call("GET", path, { token: joesToken });
  const reads = (await readsOf("joe")).filter((one) => one.name === "restored");
  expect(reads).toMatchObject([{ property: "password", revision: 1 }]);
});

test("while very many reads of old values are looked up, others are served", async () => {
  const { object } = (await machine("well read")).manifest;
  const reader = { userName: "sam", fingerprint: "", address: "" };
  const about = { action: "read" as const, objectId: object.id, objectName: object.name, property: "old" };
  const deeds = Array.from({ length: 500 }, (_, at) => ({ ...about, detail: `revision ${at + 1}` }));
  const few = await turnsDuring(() => readsOf("sam"));
  await record(store.db, reader, deeds);
  const many = await turnsDuring(() => readsOf("sam"));
  expect(many - few).toBeGreaterThanOrEqual(8);
});

test("the names of active users are found by a part of them", async () => {
  await store.addUser("Hanna.B_1");
  await changeState(store.db, actor, (await store.addUser("ana")).name, "disable");
  const names = async (q: string) =>
    (await store.call("GET", `/user-names?q=${encodeURIComponent(q)}`, { token: joesToken })).body.names;
  expect(await names("AN")).toEqual(["Hanna.B_1", "ann"]);
  expect(await names("B_")).toEqual(["Hanna.B_1"]);
  expect(await names("%")).toEqual([]);
  expect(await names("")).toEqual(["Hanna.B_1", "ann", "eve", "joe", "viewer"]);
});
