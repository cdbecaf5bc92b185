import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { setImmediate as othersFirst } from "node:timers/promises";
import { insertAudit } from "../repositories/audit.ts";
import { TestStore, turnsDuring } from "../store-for-tests.ts";
import { closeDays, type Day, readFigures } from "./figures.ts";

let store: TestStore;
const never = new AbortController().signal;
const now = new Date("2026-06-15T12:00:00Z");

beforeAll(async () => {
  store = await TestStore.make();
});
afterEach(async () => {
  for (const table of ["days", "audit"] as const) await store.db.deleteFrom(table).execute();
});
afterAll(() => store.close());

/** Rows of the log at a time, so many of them done and so many refused. */
async function log(time: string, done: number, refused: number): Promise<void> {
  await insertAudit(
    store.db,
    Array.from({ length: done + refused }, (_, at) => ({
      id: Bun.randomUUIDv7(),
      time,
      user_name: "joe",
      fingerprint: "",
      action: "read",
      object_id: "",
      object_name: "",
      property: "",
      address: "192.0.2.1",
      outcome: at < done ? "ok" : "forbidden",
      detail: "",
    })),
  );
}

const counted = async () => await store.db.selectFrom("days").selectAll().orderBy("day").execute();
const of = (days: readonly Day[], day: string) => days.find((one) => one.day === day);

test("days that are over are counted once each, from the first of the log on, those without anything too", async () => {
  await log("2026-06-12T23:59:59.999Z", 2, 1);
  await log("2026-06-13T00:00:00.000Z", 1, 0);
  await log("2026-06-15T11:00:00.000Z", 5, 4);
  await closeDays(store.db, never, now);
  const expected = [
    { day: "2026-06-12", operations: 3, refusals: 1, objects: null, users: null, stored_bytes: null },
    { day: "2026-06-13", operations: 1, refusals: 0, objects: null, users: null, stored_bytes: null },
    { day: "2026-06-14", operations: 0, refusals: 0, objects: 0, users: 0, stored_bytes: 0 },
  ];
  expect(await counted()).toEqual(expected);
  // What came too late changes nothing any more.
  await log("2026-06-13T10:00:00.000Z", 1, 0);
  await closeDays(store.db, never, now);
  expect(await counted()).toEqual(expected);
});

test("today is counted when it is asked for, and a day that nobody counted is not known", async () => {
  await log("2026-06-14T10:00:00.000Z", 2, 1);
  await log("2026-06-15T11:00:00.000Z", 5, 4);
  const before = await readFigures(store.db, now);
  expect(before.days.at(-1)).toEqual({ day: "2026-06-15", done: 5, refused: 4, objects: 0, storedBytes: 0 });
  expect(of(before.days, "2026-06-14")?.done).toBeNull();
  await closeDays(store.db, never, now);
  const { days } = await readFigures(store.db, now);
  expect(of(days, "2026-06-14")).toEqual({
    day: "2026-06-14",
    done: 2,
    refused: 1,
    objects: 0,
    storedBytes: 0,
  });
  expect([days.length, days[0]?.day]).toEqual([90, "2026-03-18"]);
});

test("how much there is counts what lives, and every value that is stored", async () => {
  const joe = await store.addUser("joe");
  await store.addUser("ann", { writeOnly: true });
  const token = await store.signIn(joe);
  const first = store.draft(joe, "host");
  store.putPublic(first, "a", Buffer.from("12345"));
  await store.committed(token, first);
  const second = store.next(first, joe);
  store.putPublic(second, "a", Buffer.from("123"));
  await store.committed(token, second);
  const gone = store.draft(joe, "gone");
  await store.committed(token, gone);
  await store.committed(token, store.next(gone, joe, { deleted: true }));
  await store.db
    .updateTable("public_keys")
    .set({ removed: "x" })
    .where("fingerprint", "=", joe.key)
    .execute();
  const { totals } = await readFigures(store.db);
  expect(totals).toEqual({ objects: 1, users: 2, usersWithoutKey: 1, keys: 1, storedBytes: 8 });
});

test("a day counts only once nothing of it can still be written", async () => {
  await log("2026-06-13T10:00:00.000Z", 1, 0);
  await closeDays(store.db, never, new Date("2026-06-15T00:09:59Z"));
  expect((await counted()).map((row) => row.day)).toEqual(["2026-06-13"]);
  await closeDays(store.db, never, new Date("2026-06-15T00:10:00Z"));
  expect((await counted()).map((row) => row.day)).toEqual(["2026-06-13", "2026-06-14"]);
});

test("two servers that count at once write each day once", async () => {
  await log("2026-06-01T10:00:00.000Z", 3, 0);
  await Promise.all([closeDays(store.db, never, now), closeDays(store.db, never, now)]);
  expect((await counted()).length).toBe(14);
});

test("ninety days are caught up with, one by one, and not more; whoever is told to stop begins no other", async () => {
  await log("2025-01-01T10:00:00.000Z", 1, 0);
  const stopping = new AbortController();
  const turns = await turnsDuring(async () => {
    const closing = closeDays(store.db, stopping.signal, now);
    while ((await counted()).length === 0) await othersFirst();
    stopping.abort();
    await closing;
  });
  const some = await counted();
  expect(some.length).toBeGreaterThan(0);
  expect(some.length).toBeLessThan(30);
  expect(some.at(-1)?.day).toBe("2026-06-14");
  expect(turns).toBeGreaterThan(0);
  expect(await turnsDuring(() => closeDays(store.db, never, now))).toBeGreaterThan(50);
  expect((await counted()).length).toBe(90);
});

test("an empty log has no days", async () => {
  await closeDays(store.db, never, now);
  expect(await counted()).toEqual([]);
});
