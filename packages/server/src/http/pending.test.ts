import { afterAll, beforeAll, expect, test } from "bun:test";
import { changeState } from "../services/accounts.ts";
import { actor, bytes, type Draft, TestStore, type TestUser } from "../store-for-tests.ts";

// A member whose key is gone, or not there yet, stays a member without any, until a writer lets them in.

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let joesToken: string;
let annsToken: string;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  joesToken = await store.signIn(joe);
  annsToken = await store.signIn(ann);
});
afterAll(() => store.close());

const pending = (user: TestUser): TestUser => ({ ...user, keys: new Map() });

/** A machine with a secret and a public value, of which ann is a pending member. */
async function machine(name: string, access: "read" | "write" = "read"): Promise<Draft> {
  const draft = store.draft(joe, name, { ann: [pending(ann), access] });
  await store.putSecret(draft, "password", bytes("secret"));
  store.putPublic(draft, "ip", bytes("192.0.2.7"));
  await store.committed(joesToken, draft);
  return draft;
}

async function row(token: string, name: string) {
  const { body } = await store.call("GET", `/objects?q=${name}`, { token });
  return body.objects[0];
}

test("a pending member is marked in lists until a writer lets them in", async () => {
  const draft = await machine("marked");
  const joes = { user: "joe", access: "write", pending: false };
  expect((await row(annsToken, "marked")).members).toEqual([
    { user: "ann", access: "read", pending: true },
    joes,
  ]);
  const next = store.next(draft, joe, {
    members: new Map(draft.manifest.members).set("ann", { access: "read", keys: ann.keys }),
  });
  const sessionKey = crypto.getRandomValues(new Uint8Array(32));
  await store.wrapFor(next, "password", sessionKey, ["ann"]);
  await store.committed(joesToken, next);
  expect((await row(annsToken, "marked")).members).toEqual([
    { user: "ann", access: "read", pending: false },
    joes,
  ]);
  const { body } = await store.call("GET", "/object?name=marked", { token: annsToken });
  expect(body.wrappedKeys.map((one: { key: string }) => one.key)).toEqual([ann.key]);
});

test("a pending member sees the machine as any member does, and gets nothing that opens a secret", async () => {
  const draft = await machine("seen");
  const { body } = await store.call("GET", "/object?name=seen&value=password", { token: annsToken });
  expect(body.access).toBe("read");
  expect(body.wrappedKeys).toEqual([]);
  const ip = { property: "ip", bytes: Buffer.from("192.0.2.7").toString("base64") };
  expect(body.values).toContainEqual(ip);
  const { id } = draft.manifest.object;
  for (const path of [`/objects/${id}/kept?property=password`, `/objects/${id}/kept`]) {
    const { body: kept } = await store.call("GET", path, { token: annsToken });
    expect(kept.values.flatMap((one: { wrappedKeys: object[] }) => one.wrappedKeys)).toEqual([]);
  }
});

test("whoever becomes pending loses what was wrapped to them, the history included", async () => {
  const first = store.draft(joe, "expired", { ann: [ann, "write"] });
  await store.putSecret(first, "password", bytes("old"));
  await store.committed(joesToken, first);
  const second = store.next(first, joe);
  await store.putSecret(second, "password", bytes("new"));
  await store.committed(joesToken, second);
  const third = store.next(second, joe, {
    members: new Map(second.manifest.members).set("ann", { access: "write", keys: new Map() }),
  });
  await store.committed(joesToken, third);
  const { id } = third.manifest.object;
  const { body: kept } = await store.call("GET", `/objects/${id}/kept?property=password`, {
    token: annsToken,
  });
  expect(kept.values).toEqual([
    { property: "password", revision: 1, wrappedKeys: [] },
    { property: "password", revision: 2, wrappedKeys: [] },
  ]);
  expect((await store.audit()).at(-1)).toMatchObject({ action: "kept" });
  const deeds = (await store.audit()).filter((one) => one.object_id === id);
  expect(deeds.filter((one) => one.action === "change keys").map((one) => one.detail)).toEqual([
    "ann: pending",
  ]);
});

test("a pending writer signs nothing, and no wrapped key is taken for them", async () => {
  const draft = await machine("unwritten", "write");
  const byAnn = await store.commit(annsToken, store.next(draft, ann));
  expect([byAnn.status, byAnn.body.code]).toEqual([403, "forbidden"]);
  expect(byAnn.body.detail).toContain("with a key that had no write access before");
  const alone = store.draft(pending(ann), "alone");
  expect((await store.commit(annsToken, alone)).body.code).toBe("bad-manifest");
  const next = store.next(draft, joe);
  const given = {
    ...next,
    manifest: { ...next.manifest, members: new Map([["ann", { access: "read" as const, keys: ann.keys }]]) },
  };
  await store.wrapFor(given, "password", new Uint8Array(32), ["ann"]);
  next.wrappedKeys = given.wrappedKeys;
  const extra = await store.commit(joesToken, next);
  expect([extra.status, extra.body.code]).toEqual([400, "bad-wrapped-key"]);
  expect(extra.body.detail).toContain("which has no use for it");
});

test("a pending member who is disabled stops a change as any member does", async () => {
  await store.addUser("max");
  const draft = store.draft(joe, "stopped");
  const members = new Map(draft.manifest.members).set("max", { access: "read", keys: new Map() });
  draft.manifest = { ...draft.manifest, members };
  await store.committed(joesToken, draft);
  await changeState(store.db, actor, "max", "disable");
  const stopped = await store.commit(joesToken, store.next(draft, joe));
  expect([stopped.status, stopped.body.code]).toEqual([422, "unusable-key"]);
  expect(stopped.body.detail).toContain("the user max is disabled (revoke with ^max)");
});
