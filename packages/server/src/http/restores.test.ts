import { afterAll, beforeAll, expect, test } from "bun:test";
import { checkInclusion } from "@pstore/core/commit";
import type { Manifest } from "@pstore/core/manifest";
import { purgeReplaced } from "../services/retention.ts";
import { bytes, type Draft, TestStore, type TestUser } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let host: TestUser;
let joesToken: string;
let annsToken: string;
let hostsToken: string;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  host = await store.addUser("host", { writeOnly: true });
  [joesToken, annsToken, hostsToken] = [
    await store.signIn(joe),
    await store.signIn(ann),
    await store.signIn(host),
  ];
});
afterAll(() => store.close());

async function committedNext(before: Draft, change: Partial<Manifest> = {}): Promise<Draft> {
  const next = store.next(before, joe, change);
  await store.committed(joesToken, next);
  return next;
}

async function refused(token: string, status: number, sentence: string, ...drafts: Draft[]) {
  const answer = await store.commit(token, ...drafts);
  expect(answer.body.detail).toContain(sentence);
  expect(answer.status).toBe(status);
}

function named({ manifest }: Draft, name: string): Manifest["object"] {
  return { ...manifest.object, name };
}

function withAnn({ manifest }: Draft, access: "read" | "write" = "read"): Manifest["members"] {
  return new Map(manifest.members).set("ann", { access, keys: ann.keys });
}

/** A machine of joe's whose password was set twice; ann came with the second one. */
async function changedOnce(name: string) {
  const first = store.draft(joe, name);
  const oldKey = await store.putSecret(first, "password", bytes("old"));
  await store.committed(joesToken, first);
  const second = store.next(first, joe, { members: withAnn(first) });
  const newKey = await store.putSecret(second, "password", bytes("new"));
  await store.committed(joesToken, second);
  return { first, second, oldKey, newKey };
}

/** Drops, as if a month had passed, what was replaced or deleted. */
async function purge(): Promise<void> {
  await store.db
    .updateTable("stored_values")
    .set({ replaced: "2020" })
    .where("replaced", "is not", null)
    .execute();
  await purgeReplaced(store.db, 30, new AbortController().signal);
}

test("an older value is restored as it was sealed, wrapped anew to those who may read now", async () => {
  const { first, second, oldKey } = await changedOnce("restored");
  const restored = store.next(second, joe, { properties: first.manifest.properties });
  await refused(joesToken, 400, "lacks a wrapped key of 'password'", restored);
  await store.wrapFor(restored, "password", oldKey, ["ann", "joe"]);
  await store.committed(joesToken, restored);

  const { body } = await store.call("GET", "/object?name=restored&value=password", { token: annsToken });
  const [sealed] = first.values;
  expect(body.values).toEqual([
    { property: "password", bytes: sealed && "inline" in sealed ? sealed.inline : "" },
  ]);
  expect(body.wrappedKeys).toEqual(restored.wrappedKeys.filter((one) => one.key === ann.key));
  const joes = await store.call("GET", "/object?name=restored", { token: joesToken });
  expect(joes.body.wrappedKeys).toEqual(restored.wrappedKeys.filter((one) => one.key === joe.key));
  const log = store.db
    .selectFrom("audit")
    .select(["action", "property", "detail"])
    .where("object_name", "=", "restored");
  expect(await log.where("action", "=", "restore").execute()).toMatchObject([{ property: "password" }]);
});

test("what was dropped is restored, too, and what is restored can change hands like any other value", async () => {
  const { first, second, oldKey } = await changedOnce("dropped");
  const dropped = await committedNext(second, { properties: new Map() });
  const restored = store.next(dropped, joe, { properties: first.manifest.properties });
  await store.wrapFor(restored, "password", oldKey, ["ann"]);
  await store.committed(joesToken, restored);
  const revoked = await committedNext(restored, { members: first.manifest.members });
  const again = store.next(revoked, joe, { members: withAnn(revoked) });
  await refused(joesToken, 400, "lacks a wrapped key of 'password'", again);
  await store.wrapFor(again, "password", oldKey, ["ann"]);
  await store.committed(joesToken, again);
});

test("a value that is no longer kept is not restored, and that is said", async () => {
  const { first, second, oldKey } = await changedOnce("purged");
  await purge();
  const restored = store.next(second, joe, { properties: first.manifest.properties });
  await store.wrapFor(restored, "password", oldKey, ["ann", "joe"]);
  await refused(
    joesToken,
    400,
    "the value of 'password' of 'purged' from revision 1 is no longer kept here; set it anew, or leave it out",
    restored,
  );
  await committedNext(second);
});

test("a deleted machine comes back as it was, by a writer of it, where its name is free", async () => {
  const { second } = await changedOnce("undeleted");
  const deleted = await committedNext(second, { deleted: true });
  const byAnn = store.next(deleted, ann, { deleted: false });
  await refused(annsToken, 403, "you may only read 'undeleted'", byAnn);
  const byHost = store.next(deleted, host, { deleted: false });
  await refused(hostsToken, 404, "there is no machine 'undeleted'", byHost);

  const taker = store.draft(joe, "undeleted");
  await store.committed(joesToken, taker);
  await refused(
    joesToken,
    409,
    "there is a machine 'undeleted' already",
    store.next(deleted, joe, { deleted: false }),
  );
  const elsewhere = await committedNext(deleted, { deleted: false, object: named(deleted, "undeleted 2") });
  const { body } = await store.call("GET", "/object?name=undeleted%202&value=password", { token: annsToken });
  expect(body.values.map((one: { property: string }) => one.property)).toEqual(["password"]);
  expect(body.wrappedKeys).toHaveLength(1);
  await refused(
    joesToken,
    409,
    "there is a machine 'undeleted' already",
    store.next(elsewhere, joe, { object: named(elsewhere, "undeleted") }),
  );
});

test("of a deleted machine whose values are gone, the rest comes back", async () => {
  const { second } = await changedOnce("emptied");
  const deleted = await committedNext(second, { deleted: true });
  await purge();
  await refused(joesToken, 400, "is no longer kept here", store.next(deleted, joe, { deleted: false }));
  await committedNext(deleted, { deleted: false, properties: new Map() });
});

test("a write-only key deletes, renames and undeletes nothing", async () => {
  const draft = store.draft(joe, "hosted", { host: [host, "write"] });
  await store.committed(joesToken, draft);
  await refused(hostsToken, 403, "write-only key", store.next(draft, host, { deleted: true }));
  const deleted = await committedNext(draft, { deleted: true });
  await refused(hostsToken, 403, "write-only key", store.next(deleted, host, { deleted: false }));
});

test("a reader changes nothing, least of all their own access", async () => {
  const draft = store.draft(joe, "readers", { ann: [ann, "read"] });
  await store.committed(joesToken, draft);
  const attempts: Partial<Manifest>[] = [
    {},
    { deleted: true },
    { object: named(draft, "mine") },
    { members: withAnn(draft, "write") },
    { members: new Map([["ann", { access: "write", keys: ann.keys }]]) },
  ];
  for (const change of attempts) {
    await refused(annsToken, 403, "you may only read 'readers'", store.next(draft, ann, change));
  }
  const written = store.next(draft, ann);
  store.putPublic(written, "note", bytes("x"));
  await refused(annsToken, 403, "you may only read 'readers'", written);
  const { body } = await store.call("GET", "/object?name=readers", { token: annsToken });
  expect([body.access, JSON.parse(body.revision.manifest).revision]).toEqual(["read", 1]);
});

test("a machine may be left without a writer, and then nobody changes it", async () => {
  const draft = store.draft(joe, "writerless", { ann: [ann, "read"] });
  await store.putSecret(draft, "password", bytes("x"));
  await store.committed(joesToken, draft);
  const members = new Map(draft.manifest.members).set("joe", { access: "read", keys: joe.keys });
  const left = await committedNext(draft, { members });
  await refused(
    joesToken,
    403,
    "you may only read 'writerless'",
    store.next(left, joe, { members: draft.manifest.members }),
  );
  expect((await store.call("GET", "/object?name=writerless", { token: annsToken })).status).toBe(200);
});

test("names change hands within one commit, in its order", async () => {
  const [first, second] = [store.draft(joe, "from"), store.draft(joe, "to")];
  await store.committed(joesToken, first, second);
  const moved = store.next(first, joe, { object: named(first, "to") });
  const freed = store.next(second, joe, { deleted: true });
  await refused(joesToken, 409, "there is a machine 'to' already", moved, freed);
  await store.committed(joesToken, freed, moved, store.draft(joe, "from"));
  const twice = [store.draft(joe, "twice"), store.draft(joe, "twice")];
  await refused(joesToken, 409, "there is a machine 'twice' already", ...twice);
  const { body } = await store.call("GET", "/objects?q=", { token: joesToken });
  const ids = new Map(body.objects.map((one: { name: string; id: string }) => [one.name, one.id]));
  expect(ids.get("to")).toBe(first.manifest.object.id);
  expect(ids.get("from")).not.toBe(first.manifest.object.id);
});

test("very many machines change in one commit, all or none", async () => {
  const drafts = Array.from({ length: 1001 }, (_, number) => store.draft(joe, `many${number}`));
  for (const draft of drafts) store.putPublic(draft, "note", bytes("x"));
  await store.committed(joesToken, ...drafts);
  const nexts = drafts.map((draft) => store.next(draft, joe, { members: withAnn(draft) }));
  const last = nexts.at(-1);
  const bent = { ...last, manifest: { ...last?.manifest, previous: "0".repeat(64) } } as Draft;
  await refused(joesToken, 409, "'many1000' was changed by joe meanwhile", ...nexts.slice(0, -1), bent);
  const seen = async () =>
    (await store.call("GET", "/objects?q=many", { token: annsToken })).body.objects.length;
  expect(await seen()).toBe(0);
  await store.committed(joesToken, ...nexts);
  expect(await seen()).toBe(1000);
  for (const number of [0, 499, 500, 1000]) {
    const { body } = await store.call("GET", `/object?name=many${number}`, { token: annsToken });
    expect(() => checkInclusion(body.revision, store.store.id)).not.toThrow();
  }
});
