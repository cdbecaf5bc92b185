import { afterAll, beforeAll, expect, test } from "bun:test";
import { addUser } from "../../../../services/accounts.ts";
import { actor, TestStore } from "../../../../store-for-tests.ts";
import { Visitor } from "../../visitor-for-tests.ts";

let store: TestStore;

const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);

beforeAll(async () => {
  store = await TestStore.make();
  const staff = { email: "", fullName: "", staff: true, superuser: false, viewAny: false, password: null };
  await addUser(store.db, actor, { ...staff, name: "root", superuser: true });
  await addUser(store.db, actor, { ...staff, name: "plain" });
  const joe = await store.addUser("joe");
  const token = await store.signIn(joe);
  const draft = store.draft(joe, "very-own-host");
  store.putPublic(draft, "a", Buffer.alloc(2048, "x"));
  await store.committed(token, draft);
  const past = { users: 1, stored_bytes: 1024 };
  await store.db
    .insertInto("days")
    .values([
      { day: day(3), operations: 1000, refusals: 40, objects: null, users: null, stored_bytes: null },
      { day: day(1), operations: 77, refusals: 0, objects: 41, ...past },
    ])
    .execute();
});
afterAll(() => store.close());

test("the overview says how much there is, and who has no key", async () => {
  const { status, text } = await (await Visitor.of(store, "root")).get("/");
  expect(status).toBe(200);
  expect(text).toContain('<dt>Objects</dt><dd><a href="/objects">1</a></dd>');
  expect(text).toContain('<dt>Users</dt><dd><a href="/users">3</a></dd>');
  expect(text).toContain("2.0 KiB, with earlier values");
  expect(text).toContain("2 active users have no public key");
});

test("plots are told in words, and as a table", async () => {
  const { text } = await (await Visitor.of(store, "root")).get("/");
  expect(text).toMatch(
    /<svg class="plot"[^>]* role="img" aria-labelledby="operations-title operations-description"/,
  );
  expect(text).toContain('<title id="operations-title">Operations per day</title>');
  expect(text).toContain("From 41 to 1 in the 2 days that are known");
  const row = (name: string, ...cells: string[]) =>
    `<td class="whole" data-column="Day (UTC)">${name}</td>${cells
      .map(
        (cell, at) =>
          `<td class="whole" data-column="${["Done", "Refused", "Objects", "Stored"][at]}">${cell}</td>`,
      )
      .join("")}`;
  expect(text).toContain(row(day(1), "77", "0", "41", "1.0 KiB"));
  expect(text).toContain(row(day(2), "not known", "not known", "not known", "not known"));
  expect(text).toContain(row(day(3), "960", "40", "not known", "not known"));
  expect([...text.matchAll(/ data-column="Day \(UTC\)">/g)].length).toBe(90);
});

test("the page holds no style or script of its own, which the policy forbids", async () => {
  const { text } = await (await Visitor.of(store, "root")).get("/");
  expect(text).not.toMatch(/ style=|<style|<script(?! src=)/);
});

test("who may not view any object is told how many there are, and led to no page that they may not see", async () => {
  const { status, text } = await (await Visitor.of(store, "plain")).get("/");
  expect(status).toBe(200);
  expect(text).toContain("<dt>Objects</dt><dd>1</dd>");
  expect(text).not.toMatch(/very-own-host|href="\/log|href="\/objects/);
});
