import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestStore, type TestUser } from "../store-for-tests.ts";
import { holdsNul } from "./nul.ts";
import { Visitor } from "./web/visitor-for-tests.ts";

let store: TestStore;
let joe: TestUser;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
});
afterAll(() => store.close());

test("a NUL is found wherever it stands", () => {
  for (const value of ["a\0b", ["x", "\0"], { a: [{ b: "\0" }] }]) expect(holdsNul(value)).toBe(true);
  for (const value of ["", "a\\u0000", 0, null, [], { "a\0": 1 }, new File(["\0"], "x")])
    expect(holdsNul(value)).toBe(false);
});

test("the API refuses one in a URL and in JSON", async () => {
  const token = await store.signIn(joe);
  const refusals = [
    await store.call("GET", "/users?name=a%00b", { token }),
    await store.call("GET", "/object?name=%00", { token }),
    await store.call("POST", "/search", { token, json: { value: "a\0b", all: false } }),
    await store.call("POST", "/details", { token, json: { names: ["\0"], users: [], have: [] } }),
  ];
  for (const { status, body } of refusals) {
    expect([status, body.code]).toEqual([400, "bad-request"]);
    expect(body.detail).toContain("NUL");
  }
});

test("the web admin refuses one in a path, in a query and in a form", async () => {
  await store.addUser("root", { staff: true, superuser: true });
  const root = await Visitor.of(store, "root");
  expect((await root.get("/users/a%00b")).status).toBe(404);
  expect((await root.get("/log?object=a%00b")).status).toBe(400);
  const { status, text } = await root.post("/users/+add", { name: "x", fullName: "a\0b", email: "" });
  expect([status, text]).toEqual([400, expect.stringContaining("NUL")]);
});
