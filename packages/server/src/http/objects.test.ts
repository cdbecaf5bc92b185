import { afterAll, beforeAll, expect, test } from "bun:test";
import { bytes, TestStore, type TestUser } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let joesToken: string;
let annsToken: string;
let viewersToken: string;

const names = (body: { objects: { name: string }[] }) => body.objects.map((one) => one.name);

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
  const drafts = ["b.example", "a.example", "B2.EXAMPLE", "other"].map((name) =>
    store.draft(joe, name, name === "other" ? {} : { ann: [ann, "read"] }),
  );
  for (const draft of drafts) {
    await store.putSecret(draft, "password", bytes("x"));
    store.putPublic(draft, "small", bytes("y"));
    store.putPublic(draft, "medium", new Uint8Array(3000));
  }
  await store.committed(joesToken, ...drafts);
});
afterAll(() => store.close());

test("one's own machines are listed by name, whatever the case asked for", async () => {
  const { body } = await store.call("GET", "/objects?q=eXample", { token: annsToken });
  expect(names(body)).toEqual(["B2.EXAMPLE", "a.example", "b.example"]);
  expect(body.objects[0]).toMatchObject({
    access: "read",
    members: [
      { user: "ann", access: "read" },
      { user: "joe", access: "write" },
    ],
  });
  expect(names((await store.call("GET", "/objects", { token: joesToken })).body)).toHaveLength(4);
  expect(names((await store.call("GET", "/objects?q=other", { token: annsToken })).body)).toEqual([]);
});

test("pages follow one another without a gap", async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const path: string = `/objects?limit=1${cursor === null ? "" : `&cursor=${cursor}`}`;
    const { body } = await store.call("GET", path, { token: joesToken });
    expect(body.objects).toHaveLength(1);
    seen.push(...names(body));
    cursor = body.next;
  } while (cursor !== null);
  expect(seen).toEqual(["B2.EXAMPLE", "a.example", "b.example", "other"]);
});

test("an exact name is answered with the machine, another with the list", async () => {
  const exact = await store.call("GET", "/objects?q=a.example&exact=1&value=medium&keys=author&user=ann", {
    token: joesToken,
  });
  expect(exact.body.objects).toEqual([]);
  expect(exact.body.object.values.map((one: { property: string }) => one.property)).toEqual([
    "medium",
    "small",
  ]);
  expect(exact.body.object.users.map((one: { name: string }) => one.name)).toEqual(["ann", "joe"]);
  const part = await store.call("GET", "/objects?q=a.exam&exact=1", { token: joesToken });
  expect(part.body.object).toBeNull();
  expect(names(part.body)).toEqual(["a.example"]);
  const absent = await store.call("GET", "/object?name=a.example&value=absent", { token: joesToken });
  expect(absent.body.values.map((one: { property: string }) => one.property)).toEqual(["small"]);
});

test("the log names the machine that somebody was refused", async () => {
  expect((await store.call("GET", "/object?name=other", { token: annsToken })).status).toBe(404);
  expect((await store.audit()).at(-1)).toMatchObject({
    user_name: "ann",
    action: "show",
    object_name: "other",
    outcome: "not-found",
  });
});

test("with the right to view any machine one sees names and users, never values or wrapped keys", async () => {
  for (const path of ["/objects?all=1", "/object?name=other&all=1"]) {
    const refused = await store.call("GET", path, { token: annsToken });
    expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
  }
  const list = await store.call("GET", "/objects?all=1", { token: viewersToken });
  expect(names(list.body)).toHaveLength(4);
  expect(list.body.objects[0].access).toBeNull();
  expect(names((await store.call("GET", "/objects", { token: viewersToken })).body)).toEqual([]);
  const shown = await store.call("GET", "/object?name=other&all=1&value=password", { token: viewersToken });
  expect(shown.body).toMatchObject({ access: null, values: [], wrappedKeys: [] });
  const { object } = JSON.parse(shown.body.revision.manifest);
  const value = await store.call("GET", `/objects/${object.id}/value?property=password&revision=1`, {
    token: viewersToken,
  });
  expect(value.status).toBe(404);
  expect((await store.call("GET", `/objects/${object.id}/history`, { token: viewersToken })).status).toBe(
    200,
  );
});

test("users are shown with their keys, removed ones only when asked for", async () => {
  const old = await store.addKey("ann", "ann2");
  const { removeKey } = await import("../services/keys.ts");
  const { actor } = await import("../store-for-tests.ts");
  await removeKey(store.db, actor, old.key);
  const keysOf = async (query: string) => {
    const { body } = await store.call("GET", `/users?${query}`, { token: joesToken });
    return body.users.map((one: { name: string; keys: { fingerprint: string }[] }) => [
      one.name,
      ...one.keys.map((key) => key.fingerprint),
    ]);
  };
  expect(await keysOf("name=ann&name=nobody")).toEqual([["ann", ann.key]]);
  expect(await keysOf(`name=ann&name=joe&key=${encodeURIComponent(old.key)}`)).toEqual([
    ["ann", ann.key, old.key],
    ["joe", joe.key],
  ]);
});

test("what a request lacks or has too much of is said, and nothing fails inside", async () => {
  const wrong: [string, string, number][] = [
    ["GET", "/object", 400],
    ["GET", "/object?name=a&name=b", 400],
    ["GET", "/objects?limit=0", 400],
    ["GET", "/objects?all=2", 400],
    ["GET", "/objects/x/history", 400],
    ["GET", `/objects/${crypto.randomUUID()}/history?from=-1`, 400],
    ["GET", `/objects/${crypto.randomUUID()}/value?property=x&revision=1`, 404],
    ["POST", "/commits", 400],
    ["PUT", "/uploads/x", 400],
    ["GET", "/nothing", 404],
  ];
  for (const [method, path, status] of wrong) {
    const answer = await store.call(method, path, { token: joesToken });
    expect([path, answer.status]).toEqual([path, status]);
    expect(answer.response.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body.detail.length).toBeGreaterThan(20);
    expect(answer.response.headers.get("cache-control")).toBe("no-store");
  }
  expect(store.log).toEqual([]);
});

test("what fails inside is told to the log alone", async () => {
  const broken = await TestStore.make();
  await broken.db.schema.dropTable("sessions").execute();
  const answer = await broken.call("GET", "/objects", { token: "secret-token-of-a-session" });
  expect([answer.status, answer.body.code]).toEqual([500, "internal-error"]);
  expect(answer.body.detail).not.toContain("sessions");
  const id = /under (\S+),/.exec(answer.body.detail)?.[1] ?? "-";
  expect(broken.log.join()).toContain(id);
  expect(broken.log.join()).toMatch(/no such table|does not exist|doesn't exist/);
  expect(broken.log.join()).not.toContain("secret-token");
  await broken.close();
});

test("every endpoint is described", async () => {
  const { body } = await store.call("GET", "/openapi.json");
  expect(Object.keys(body.paths).sort()).toEqual([
    "/challenge",
    "/check",
    "/commits",
    "/details",
    "/object",
    "/objects",
    "/objects/{id}/history",
    "/objects/{id}/kept",
    "/objects/{id}/value",
    "/reads",
    "/search",
    "/session",
    "/store",
    "/uploads/{id}",
    "/user-names",
    "/users",
    "/web-link",
  ]);
  const post = body.paths["/commits"].post;
  expect(post.requestBody.content["application/json"].schema.required).toEqual([
    "commit",
    "signature",
    "changes",
  ]);
  expect(body.paths["/users"].get.parameters.map((one: { name: string }) => one.name)).toEqual([
    "name",
    "key",
  ]);
  expect(body.paths["/users"].get.parameters[0]).toMatchObject({ in: "query", schema: { type: "array" } });
});
