import { afterAll, beforeAll, expect, test } from "bun:test";
import { addUser } from "../../services/accounts.ts";
import { actor, origin, TestStore } from "../../store-for-tests.ts";
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

test("who sends a form and is not signed in any more is told so, and led back to the form", async () => {
  const nobody = await Visitor.of(store, null);
  const { status, location } = await nobody.post(
    "/users/+add",
    { name: "joe" },
    { on: "/users/+add?done=saved" },
  );
  expect([status, location]).toEqual([303, "/sign-in?next=%2Fusers%2F%2Badd&done=not-signed-in"]);
  const { text } = await nobody.get(location ?? "");
  expect(text).toContain("so nothing was done. Sign in,");
  expect(text).toContain('name="next" value="/users/+add"');
  expect((await nobody.post("/users/+add")).location).toBe("/sign-in?done=not-signed-in");
});

test("a page that refuses leads back to the page before, where that is one of ours", async () => {
  const root = await Visitor.of(store, "root");
  const refused = async (referer: string) => (await root.get("/log?from=never", { referer })).text;
  expect(await refused(`${origin}/log?user=joe`)).toContain('<a href="/log?user=joe">Back</a>');
  expect(await refused("https://elsewhere.example/log")).not.toContain(">Back<");
  expect(await refused(`${origin}/`)).not.toContain(">Back<");
});
