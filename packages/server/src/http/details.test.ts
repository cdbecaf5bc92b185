import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Details, maxDetails, type ObjectDetail } from "@pstore/core/api/schemas";
import { encodeManifest } from "@pstore/core/manifest";
import { removeKey } from "../services/keys.ts";
import { actor, bytes, type Draft, TestStore, type TestUser } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let joesToken: string;
let annsToken: string;
let drafts: Draft[];

const nameOf = ({ revision }: ObjectDetail) => JSON.parse(revision.manifest).object.name;

async function ask(token: string, names: string[], more: object = {}): Promise<Details> {
  const answer = await store.call("POST", "/details", {
    token,
    json: { names, users: [], have: [], ...more },
  });
  expect(answer.body.detail).toBeUndefined();
  return answer.body;
}

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  [joesToken, annsToken] = [await store.signIn(joe), await store.signIn(ann)];
  drafts = ["web2", "web1", "joes"].map((name) =>
    store.draft(joe, name, name === "joes" ? {} : { ann: [ann, "read"] }),
  );
  for (const draft of drafts) {
    await store.putSecret(draft, "password", bytes("x"));
    store.putPublic(draft, "empty", bytes(""));
    store.putPublic(draft, "small", bytes(draft.manifest.object.name));
  }
  await store.committed(joesToken, ...drafts);
});
afterAll(() => store.close());

test("several machines come as each comes alone, with the users once", async () => {
  const { objects, users } = await ask(annsToken, ["web2", "web1", "web2", "joes", "nothing"], {
    value: "password",
    keys: "members",
  });
  expect(objects.map(nameOf)).toEqual(["web1", "web2"]);
  for (const object of objects) {
    const path = `/object?name=${nameOf(object)}&value=password`;
    const alone = (await store.call("GET", path, { token: annsToken })).body;
    expect(object).toEqual(alone);
    expect(object.values.map((one) => one.property)).toEqual(["empty", "password", "small"]);
    expect(object.wrappedKeys.map((one) => one.key)).toEqual([ann.key]);
  }
  expect(users.map((user) => user.name)).toEqual(["ann", "joe"]);
  expect((await ask(annsToken, ["web1"])).users).toEqual([]);
  expect((await ask(annsToken, ["web1"], { keys: "author" })).users.map((user) => user.name)).toEqual([
    "joe",
  ]);
  expect(await ask(annsToken, ["nothing"], { users: ["ann"] })).toMatchObject({
    objects: [],
    users: [{ name: "ann" }],
  });
});

test("an author's key comes along that was removed since, as in a machine alone", async () => {
  const gone = await store.addKey("joe", "joe's old key");
  const draft = store.draft({ ...joe, keys: new Map([...joe.keys, ...gone.keys]) }, "by an old key");
  const byOld = { ...draft, manifest: { ...draft.manifest, author: { user: "joe", key: gone.key } } };
  await store.committed(joesToken, byOld);
  await removeKey(store.db, actor, gone.key);
  const { users } = await ask(joesToken, ["by an old key", "joes"], { keys: "author" });
  expect(users[0]?.keys.map((key) => [key.fingerprint, key.removed])).toEqual([
    [joe.key, false],
    [gone.key, true],
  ]);
});

test("each machine shown and each value read is in the log, with the revision that sealed it", async () => {
  const before = (await store.audit()).length;
  await ask(joesToken, ["web1", "joes"], { value: "small" });
  const rows = (await store.audit()).slice(before);
  expect(rows.map((row) => [row.action, row.object_name, row.property, row.detail])).toEqual([
    ["show", "joes", "", ""],
    ["read", "joes", "small", "revision 1"],
    ["show", "web1", "", ""],
    ["read", "web1", "small", "revision 1"],
  ]);
});

test("a write-only key gets no wrapped key and no encrypted value, also of a user with other keys", async () => {
  const token = await store.signIn(await store.addKey("joe", "joe's host", true));
  const { objects } = await ask(token, ["joes"], { value: "password" });
  expect(objects[0]?.values.map((one) => one.property)).toEqual(["empty", "small"]);
  expect(objects).toMatchObject([{ access: "write", wrappedKeys: [] }]);
});

test("too many machines, or too much of them, is refused in a sentence", async () => {
  const names = Array.from({ length: maxDetails + 1 }, (_, number) => `m${number}`);
  const json = { names, users: [], have: [] };
  const many = await store.call("POST", "/details", { token: joesToken, json });
  expect([many.status, many.body.code]).toEqual([400, "bad-request"]);

  const large = Array.from({ length: 6 }, (_, number) => store.draft(joe, `large${number}`));
  const padding = " ".repeat(6 * 1024 * 1024);
  await store.committed(joesToken, ...large);
  for (const { manifest } of large) {
    await store.db
      .updateTable("revisions")
      .set({ manifest: `${encodeManifest(manifest)}${padding}` })
      .where("object_id", "=", manifest.object.id)
      .execute();
  }
  const request = (count: number) => ({
    names: large.slice(0, count).map((one) => one.manifest.object.name),
  });
  expect((await ask(joesToken, request(5).names)).objects).toHaveLength(5);
  const much = await store.call("POST", "/details", {
    token: joesToken,
    json: { ...request(6), users: [], have: [] },
  });
  expect([much.status, much.body.detail]).toEqual([413, expect.stringContaining("ask for fewer at once")]);
});
