import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Manifest, Member } from "@pstore/core/manifest";
import { changeState } from "../services/accounts.ts";
import { removeKey } from "../services/keys.ts";
import { actor, bytes, type Draft, TestStore, type TestUser } from "../store-for-tests.ts";

// Who is revoked goes, whatever became of those who stay: nothing is encrypted to anybody for it.

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let joesToken: string;
/** joe's, with a leaver, one who is disabled, one who was removed, and one without a key. */
let before: Draft;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  joesToken = await store.signIn(joe);
  const names = ["leaver", "disabled", "removed", "keyless"];
  const others = Object.fromEntries(
    await Promise.all(
      names.map(async (name): Promise<[string, [TestUser, Member["access"]]]> => {
        return [name, [await store.addUser(name), "write"]];
      }),
    ),
  );
  before = store.draft(joe, "web", others);
  await store.putSecret(before, "password", bytes("s3cret"));
  store.putPublic(before, "ip", bytes("192.0.2.7"));
  await store.committed(joesToken, before);
  await changeState(store.db, actor, "disabled", "disable");
  await changeState(store.db, actor, "removed", "remove");
  const [keyless] = others["keyless"] ?? [];
  if (keyless !== undefined) await removeKey(store.db, actor, keyless.key);
});
afterAll(() => store.close());

function without(user: string): Manifest["members"] {
  return new Map([...before.manifest.members].filter(([name]) => name !== user));
}

async function stopped(next: Draft): Promise<void> {
  const { status, body } = await store.commit(joesToken, next);
  expect({ status, code: body.code }).toEqual({ status: 422, code: "unusable-key" });
}

test("what brings a value, a key, a name or anybody with it, or revokes nobody, is no mere revocation", async () => {
  const members = without("leaver");
  const set = store.next(before, joe, { members });
  store.putPublic(set, "ip", bytes("192.0.2.8"));
  await stopped(set);
  const wrapped = store.next(before, joe, { members });
  await store.wrapFor(wrapped, "password", new Uint8Array(32), ["joe"]);
  await stopped(wrapped);
  const properties = new Map([...before.manifest.properties].filter(([name]) => name !== "ip"));
  await stopped(store.next(before, joe, { members, properties }));
  await stopped(store.next(before, joe, { members, object: { ...before.manifest.object, name: "other" } }));
  await stopped(store.next(before, joe));
  const anns: Member = { access: "read", keys: new Map() };
  await stopped(store.next(before, joe, { members: new Map(members).set(ann.name, anns) }));
  const two = new Map([...members].filter(([name]) => name !== "keyless")).set(ann.name, anns);
  await stopped(store.next(before, joe, { members: two }));
});

test("who does not stay as they were is looked at", async () => {
  for (const name of ["disabled", "removed", "keyless"]) {
    const member = before.manifest.members.get(name) as Member;
    const members = new Map(without("leaver")).set(name, { ...member, access: "read" });
    await stopped(store.next(before, joe, { members }));
  }
});

test("a mere revocation is taken", async () => {
  await store.committed(joesToken, store.next(before, joe, { members: without("leaver") }));
  const { body } = await store.call("GET", "/object?name=web", { token: joesToken });
  expect([...Object.keys(JSON.parse(body.revision.manifest).members)].sort()).toEqual([
    "disabled",
    "joe",
    "keyless",
    "removed",
  ]);
});
