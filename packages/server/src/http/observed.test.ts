import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { apiPath } from "@pstore/core/api/schemas";
import { sql } from "kysely";
import type { FinishedRequest } from "../finished-request.ts";
import { bytes, origin, requestId, TestStore, type TestUser } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let token: string;
const finished: FinishedRequest[] = [];
beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  token = await store.signIn(joe);
  const finish = store.metrics.finished.bind(store.metrics);
  store.metrics.finished = (request) => {
    finished.push(request);
    finish(request);
  };
});
beforeEach(() => finished.splice(0));
afterAll(async () => await store.close());

test("a request is told of by the pattern of its route, with who made it and what came of it", async () => {
  const draft = store.draft(joe, "secret-name");
  const value = new Uint8Array(3_000_000);
  const id = crypto.randomUUID();
  await store.call("PUT", `/uploads/${id}`, { token, bytes: value });
  store.putPublic(draft, "p", value, id);
  await store.committed(token, draft);
  const object = draft.manifest.object.id;
  const answer = await store.fetch(
    new Request(`${origin}${apiPath}/objects/${object}/value?property=p&revision=1`, {
      headers: { authorization: `Bearer ${token}` },
    }),
  );
  expect(finished).toHaveLength(2);
  const length = (await answer.bytes()).length;
  expect(length).toBeGreaterThan(value.length);
  const common = { id: requestId, status: 200, user: "joe", address: "192.0.2.1" };
  expect(finished).toMatchObject([
    { ...common, method: "PUT", route: `${apiPath}/uploads/:id` },
    { ...common, method: "POST", route: `${apiPath}/commits` },
    { ...common, method: "GET", route: `${apiPath}/objects/:id/value`, bytes: length },
  ]);
  for (const { seconds } of finished) expect(seconds).toBeGreaterThan(0);
});

test.each([
  ["GET", "/healthz", "GET", "/healthz", 200],
  ["HEAD", "/healthz", "HEAD", "/healthz", 200],
  ["GET", "/readyz", "GET", "/readyz", 200],
  ["GET", "/metrics", "GET", "none", 404],
  ["GET", "/no/such/thing", "GET", "none", 404],
  ["PROPFIND", "/healthz", "other", "none", 404],
  ["GET", `${apiPath}/no`, "GET", "none", 404],
  ["GET", "/users/joe", "GET", "/users/:name", 303],
  ["GET", "/sign-in/link/Zm9vYmFy", "GET", "/sign-in/link/:token", expect.any(Number)],
  ["GET", `${apiPath}/objects/x/history`, "GET", `${apiPath}/objects/:id/history`, 401],
])("%s %s is told of as %s %s", async (method, path, shownMethod, route, status) => {
  const answer = await store.fetch(new Request(`${origin}${path}`, { method }));
  expect(answer.headers.get("x-request-id")).toBe(requestId);
  const text = await answer.text();
  expect(finished).toEqual([
    {
      ...{ id: requestId, method: shownMethod, route, status, user: "", address: "192.0.2.1" },
      seconds: expect.any(Number),
      bytes: method === "HEAD" ? 0 : bytes(text).length,
    },
  ]);
});

test("what went wrong inside is in the log under the id that whoever asked is told", async () => {
  const broken = await TestStore.make();
  await sql`alter table sessions rename to elsewhere`.execute(broken.db);
  const answer = await broken.call("GET", "/object?name=x", { token });
  expect(answer.body.requestId).toBe(requestId);
  expect(answer.status).toBe(500);
  expect(broken.log.join("\n")).toContain(`request ${requestId}: `);
  await broken.close();
});
