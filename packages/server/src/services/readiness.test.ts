import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "kysely";
import { testedEngine } from "../database/fresh-for-tests.ts";
import { openDatabase } from "../database/open.ts";
import { TestStore } from "../store-for-tests.ts";
import { Readiness } from "./readiness.ts";
import { Remembered } from "./remembered.ts";

/** What lets a connection write nothing, as a standby does, and what ends that. */
const readOnly = {
  sqlite: { on: "pragma query_only = on", off: "pragma query_only = off" },
  postgres: {
    on: "set default_transaction_read_only = on",
    off: "set default_transaction_read_only = off",
  },
  mysql: { on: "set session transaction read only", off: "set session transaction read write" },
} as const;

let store: TestStore;
beforeAll(async () => {
  store = await TestStore.make();
});
afterAll(async () => await store.close());

test("a server is ready as long as the database is of its version, and says once what changes", async () => {
  const lines: string[] = [];
  // Each has not asked yet, so that nothing is remembered.
  const whyNot = async () => await new Readiness(store.db, (_, line) => lines.push(line)).whyNot();
  expect(await whyNot()).toBeNull();
  expect(lines).toEqual([]);
  const otherVersion = "the database is not that of a store of this version of pstore-server";
  await sql`insert into migrations (name, timestamp) values ('9999-later', '')`.execute(store.db);
  expect(await whyNot()).toBe(otherVersion);
  expect(lines).toEqual([expect.stringContaining("9999-later")]);
  await sql`delete from migrations where name = '9999-later'`.execute(store.db);
  const { rows } = await sql<{ name: string; timestamp: string }>`
    select name, timestamp from migrations order by name desc limit 1`.execute(store.db);
  const [last] = rows;
  await sql`delete from migrations where name = ${last?.name}`.execute(store.db);
  expect(await whyNot()).toBe(otherVersion);
  await sql`insert into migrations (name, timestamp) values (${last?.name}, ${last?.timestamp})`.execute(
    store.db,
  );
  expect(await whyNot()).toBeNull();
});

test("a server whose database cannot be written to is not ready; nobody but its log is told more", async () => {
  const { location } = store;
  const db = await openDatabase(location.engine === "sqlite" ? location : { ...location, pool: 1 });
  const { on, off } = readOnly[testedEngine];
  await sql.raw(on).execute(db);
  const lines: string[] = [];
  const readiness = new Readiness(db, (severity, line) => lines.push(`${severity}: ${line}`));
  const why = "the database cannot be reached, or not be written to";
  expect(await readiness.whyNot()).toBe(why);
  expect(await readiness.whyNot()).toBe(why);
  expect(lines).toEqual([expect.stringContaining(`error: the server is not ready: ${why} (`)]);
  expect(lines[0]).toMatch(/read[ -]?only/i);
  await sql.raw(off).execute(db);
  // What it found is given again for a second.
  while ((await readiness.whyNot()) !== null) await Bun.sleep(50);
  expect(lines[1]).toBe("notice: the server is ready again");
  await db.destroy();
  const closed = new Readiness(db, () => {});
  expect(await closed.whyNot()).toBe(why);
});

test("a server that stops is not ready", async () => {
  const readiness = new Readiness(store.db, () => {});
  expect(await readiness.whyNot()).toBeNull();
  readiness.stop();
  expect(await readiness.whyNot()).toBe("the server is stopping");
});

test("whoever asks at the same time, or soon after, causes no further look", async () => {
  let looks = 0;
  const remembered = new Remembered(async () => ++looks, {
    freshness: 60_000,
    patience: 60_000,
    otherwise: 0,
  });
  expect(await Promise.all([remembered.read(), remembered.read()])).toEqual([1, 1]);
  expect(await remembered.read()).toBe(1);
});

test("nobody waits longer than some time for a look that hangs, nor begins another one", async () => {
  let looks = 0;
  const looked = Promise.withResolvers<number>();
  const times = { freshness: 60_000, patience: 50, otherwise: -1 };
  const remembered = new Remembered(async () => {
    looks++;
    return await looked.promise;
  }, times);
  const start = performance.now();
  expect(await remembered.read()).toBe(-1);
  expect(performance.now() - start).toBeGreaterThan(45);
  // Whoever comes later does not wait again.
  expect(await remembered.read()).toBe(-1);
  expect(performance.now() - start).toBeLessThan(1000);
  looked.resolve(7);
  await looked.promise;
  expect(await remembered.read()).toBe(7);
  expect(looks).toBe(1);
});
