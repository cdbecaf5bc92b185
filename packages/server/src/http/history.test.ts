import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { Kept } from "@pstore/core/api/schemas";
import { purgeReplaced } from "../services/retention.ts";
import { bytes, type Draft, TestStore, type TestUser } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let host: TestUser;
let joesToken: string;
let annsToken: string;
let hostsToken: string;
let viewersToken: string;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  host = await store.addUser("host", { writeOnly: true });
  const viewer = await store.addUser("viewer", { viewAny: true });
  joesToken = await store.signIn(joe);
  annsToken = await store.signIn(ann);
  hostsToken = await store.signIn(host);
  viewersToken = await store.signIn(viewer);
});
afterAll(() => store.close());

async function machine(name: string, members: Parameters<TestStore["draft"]>[2] = { ann: [ann, "read"] }) {
  const draft = store.draft(joe, name, members);
  await store.putSecret(draft, "password", bytes("first"));
  store.putPublic(draft, "ip", bytes("192.0.2.7"));
  await store.committed(joesToken, draft);
  return draft;
}

async function committedNext(before: Draft, change: Parameters<TestStore["next"]>[2]): Promise<Draft> {
  const next = store.next(before, joe, change);
  await store.committed(joesToken, next);
  return next;
}

async function without(before: Draft, user: string): Promise<Draft> {
  const members = new Map(before.manifest.members);
  members.delete(user);
  return await committedNext(before, { members });
}

test("where no machine lives under a name, the one deleted last is shown to who was its member", async () => {
  const named = (id: string) => ({ object: { id, name: "gone" } });
  const first = await committedNext(await machine("gone"), { deleted: true });
  const second = await machine("gone, then renamed", {});
  await committedNext(second, { ...named(second.manifest.object.id), deleted: true });

  const ask = async (token: string, more = "") =>
    await store.call("GET", `/object?name=gone&value=password${more}`, { token });
  const idOf = (answer: { body: { revision: { manifest: string } } }) =>
    JSON.parse(answer.body.revision.manifest).object.id;
  expect((await ask(joesToken)).status).toBe(404);
  expect(idOf(await ask(joesToken, "&deleted=1"))).toBe(second.manifest.object.id);
  const anns = await ask(annsToken, "&deleted=1");
  expect(idOf(anns)).toBe(first.manifest.object.id);
  expect(anns.body.wrappedKeys.map((one: { key: string }) => one.key)).toEqual([ann.key]);
  expect(anns.body.values.map((one: { property: string }) => one.property)).toEqual(["ip", "password"]);
  expect((await ask(hostsToken, "&deleted=1")).status).toBe(404);
  expect((await ask(viewersToken, "&deleted=1")).status).toBe(404);
  expect(await ask(viewersToken, "&deleted=1&all=1")).toMatchObject({ status: 200, body: { access: null } });
  const listed = await store.call("GET", "/objects?q=gone&exact=1&deleted=1", { token: annsToken });
  expect(JSON.parse(listed.body.object.revision.manifest)).toMatchObject({ deleted: true });

  const living = await machine("gone");
  expect(idOf(await ask(annsToken, "&deleted=1"))).toBe(living.manifest.object.id);
});

test("a deleted machine is shown without the values that are no longer kept", async () => {
  await committedNext(await machine("thinned"), { deleted: true });
  await store.db
    .updateTable("stored_values")
    .set({ replaced: "2020" })
    .where("property", "=", "ip")
    .execute();
  await purgeReplaced(store.db, 30, new AbortController().signal);
  const { body } = await store.call("GET", "/object?name=thinned&deleted=1&value=ip", { token: annsToken });
  expect(body.values).toEqual([]);
  expect((await store.audit()).at(-1)).toMatchObject({ action: "show", object_name: "thinned" });
});

test("the values that are kept are told, with the keys of a property that is named", async () => {
  const first = await machine("kept");
  const second = store.next(first, joe);
  await store.putSecret(second, "password", bytes("second"));
  await store.committed(joesToken, second);
  const { id } = first.manifest.object;
  const ask = async (token: string, query = ""): Promise<Kept> =>
    (await store.call("GET", `/objects/${id}/kept${query}`, { token })).body;
  const wrapped = (draft: Draft, user: TestUser) => draft.wrappedKeys.filter((one) => one.key === user.key);

  expect(await ask(annsToken)).toEqual({
    values: [
      { property: "ip", revision: 1, wrappedKeys: [] },
      { property: "password", revision: 1, wrappedKeys: [] },
      { property: "password", revision: 2, wrappedKeys: [] },
    ],
  });
  const before = (await store.audit()).length;
  expect(await ask(annsToken, "?property=password")).toEqual({
    values: [
      { property: "password", revision: 1, wrappedKeys: wrapped(first, ann) },
      { property: "password", revision: 2, wrappedKeys: wrapped(second, ann) },
    ],
  });
  // The key of the replaced value opens it; that of the present one is had from the machine itself.
  const rows = (await store.audit()).slice(before);
  expect(rows.map((row) => [row.action, row.property, row.detail])).toEqual([
    ["kept", "password", ""],
    ["read", "password", "revision 1"],
  ]);
  await committedNext(second, { deleted: true });
  expect((await ask(joesToken, "?property=ip")).values).toEqual([
    { property: "ip", revision: 1, wrappedKeys: [] },
  ]);
  for (const token of [hostsToken, viewersToken]) {
    expect(await store.call("GET", `/objects/${id}/kept`, { token })).toMatchObject({ status: 404 });
  }
  expect(await store.call("GET", `/objects/${randomUUID()}/kept`, { token: joesToken })).toMatchObject({
    status: 404,
  });
});

test("a public value that was replaced before somebody came is not theirs: neither told, nor given, nor brought back", async () => {
  const first = await machine("newcomer", {});
  const replaced = async (before: Draft, members = before.manifest.members) => {
    const next = store.next(before, joe, { members });
    store.putPublic(next, "ip", bytes(`192.0.2.${next.manifest.revision}`));
    await store.committed(joesToken, next);
    return next;
  };
  const second = await replaced(first);
  const members = new Map(first.manifest.members).set("host", { access: "write", keys: host.keys });
  const third = await committedNext(second, { members });
  const fourth = await replaced(third);
  const { id } = first.manifest.object;
  const kept = async (token: string): Promise<number[]> => {
    const { body } = await store.call("GET", `/objects/${id}/kept?property=ip`, { token });
    return (body as Kept).values.map((one) => one.revision);
  };
  const value = async (token: string, revision: number) =>
    await store.call("GET", `/objects/${id}/value?property=ip&revision=${revision}`, { token });
  // The second value stood when the newcomer came.
  expect([await kept(joesToken), await kept(hostsToken)]).toEqual([
    [1, 2, 4],
    [2, 4],
  ]);
  for (const [token, revision, status] of [
    [joesToken, 1, 200],
    [hostsToken, 1, 404],
    [hostsToken, 2, 200],
    [hostsToken, 4, 200],
  ] as const)
    expect((await value(token, revision)).status).toBe(status);
  const [refused, purged] = [await value(hostsToken, 1), await value(hostsToken, 3)];
  expect(refused.body.detail).toBe(purged.body.detail.replace("revision 3", "revision 1"));
  const back = (by: TestUser, from: Draft) =>
    store.next(fourth, by, { properties: from.manifest.properties });
  expect((await store.commit(hostsToken, back(host, first))).body.detail).toContain("no longer kept here");
  await store.committed(hostsToken, back(host, second));
});

test("what a member saw before they left and came back is theirs again, of a deleted machine too", async () => {
  const first = await machine("seen before");
  const second = await without(first, "ann");
  const third = store.next(second, joe);
  store.putPublic(third, "ip", bytes("192.0.2.3"));
  await store.committed(joesToken, third);
  const fourth = store.next(third, joe);
  store.putPublic(fourth, "ip", bytes("192.0.2.4"));
  await store.committed(joesToken, fourth);
  const fifth = store.next(fourth, joe, { members: first.manifest.members, properties: new Map() });
  await store.committed(joesToken, fifth);
  await committedNext(fifth, { deleted: true });
  const path = `/objects/${first.manifest.object.id}/kept?property=ip`;
  const { body } = await store.call("GET", path, { token: annsToken });
  expect((body as Kept).values.map((one) => one.revision)).toEqual([1]);
});

test("a write-only key is told which values are kept, and gets no key of them", async () => {
  const draft = await machine("kept by a host", { host: [host, "write"] });
  const path = `/objects/${draft.manifest.object.id}/kept?property=password`;
  // Whoever signs in with it gets none for their other keys either.
  const joesHost = await store.addKey("joe", "joe's host", true);
  expect((await store.call("GET", path, { token: await store.signIn(joesHost) })).body).toEqual({
    values: [{ property: "password", revision: 1, wrappedKeys: [] }],
  });
});

test("what is no property's name is refused, and gets into no log", async () => {
  const { id } = (await machine("unprintable")).manifest.object;
  const property = encodeURIComponent("pass\u001b[2Jword");
  for (const path of [`kept?property=${property}`, `value?property=${property}&revision=1`]) {
    const { status, body } = await store.call("GET", `/objects/${id}/${path}`, { token: joesToken });
    expect([status, body.code]).toEqual([400, "bad-request"]);
  }
  const log = await store.audit();
  expect(log.some((row) => row.property.includes("\u001b"))).toBe(false);
});

test("who was revoked gets the revisions up to the one without them, and no others", async () => {
  const first = await machine("proof");
  const second = await committedNext(first, { time: "2026-01-02T00:00:00Z" });
  const third = await without(second, "ann");
  await committedNext(third, { time: "2026-01-03T00:00:00Z" });
  const ask = async (token: string, from: number, to = 9) => {
    const path = `/objects/${first.manifest.object.id}/history?from=${from}&to=${to}`;
    const { status, body } = await store.call("GET", path, { token });
    if (status !== 200) return status;
    return body.revisions.map((one: { manifest: string }) => JSON.parse(one.manifest).revision);
  };
  expect(await ask(annsToken, 2)).toEqual([2, 3]);
  expect(await ask(annsToken, 3)).toEqual([3]);
  expect(await ask(annsToken, 2, 2)).toEqual([2]);
  // Not from the start, which shows no membership before it, nor from behind the one that took it away.
  for (const from of [1, 4, 5, 6]) expect(await ask(annsToken, from)).toBe(404);
  expect(await ask(hostsToken, 2)).toBe(404);
  expect(await ask(joesToken, 1)).toEqual([1, 2, 3, 4]);
  expect(await ask(viewersToken, 1)).toEqual([1, 2, 3, 4]);
});

test("who was revoked from a machine that was deleted since gets no word of the deletion", async () => {
  const first = await machine("deleted later");
  const second = await without(first, "ann");
  await committedNext(second, { deleted: true });
  const path = `/objects/${first.manifest.object.id}/history?from=2`;
  const { body } = await store.call("GET", path, { token: annsToken });
  expect(body.revisions).toHaveLength(1);
  expect(JSON.parse(body.revisions[0].manifest)).toMatchObject({ revision: 2 });
  expect(
    (await store.call("GET", "/object?name=deleted%20later&deleted=1", { token: annsToken })).status,
  ).toBe(404);
});

test("a former member who comes back sees all, as any member", async () => {
  const first = await machine("back again", { ann: [ann, "write"] });
  const second = await without(first, "ann");
  const third = store.next(second, joe, { members: first.manifest.members });
  await store.putSecret(third, "password", bytes("new"));
  await store.committed(joesToken, third);
  const path = `/objects/${first.manifest.object.id}/history?from=1`;
  expect((await store.call("GET", path, { token: annsToken })).body.revisions).toHaveLength(3);
});
