import { afterAll, beforeAll, expect, test } from "bun:test";
import { addUser } from "../../services/accounts.ts";
import { actor, TestStore } from "../../store-for-tests.ts";
import { Visitor } from "./visitor-for-tests.ts";

let store: TestStore;
const somebody = { email: "", fullName: "", staff: true, superuser: true, viewAny: false, password: null };

beforeAll(async () => {
  store = await TestStore.make();
  await addUser(store.db, actor, { ...somebody, name: "root" });
});
afterAll(() => store.close());

test("who is not signed in is sent to the sign-in, and back to where they were going", async () => {
  const nobody = await Visitor.of(store, null);
  const { status, location } = await nobody.get("/?text=a%26b");
  expect([status, location]).toEqual([303, "/sign-in?next=%2F%3Ftext%3Da%2526b"]);
});

test("who is signed in sees their name and the sections", async () => {
  const root = await Visitor.of(store, "root");
  const { status, text } = await root.get("/");
  expect(status).toBe(200);
  expect(text).toContain(">root</a>");
});
