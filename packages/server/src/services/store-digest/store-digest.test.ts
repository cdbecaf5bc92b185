import { afterAll, beforeAll, expect, test } from "bun:test";
import { slices } from "../../database/slices.ts";
import { tableNames, tables } from "../../repositories/tables.ts";
import { TestStore, type TestUser } from "../../store-for-tests.ts";
import { digestStore } from "./store-digest.ts";

let store: TestStore;
let joe: TestUser;
let token: string;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  token = await store.signIn(joe);
  const draft = store.draft(joe, "web1");
  // In an order that differs from engine to engine, and with a value of several pieces.
  for (const name of ["b", "a", "z", "a-b", "a_b", "a.b", "a1", "a/b", "ab", "0"])
    store.putPublic(draft, name, new TextEncoder().encode(name.repeat(3)));
  await store.committed(token, draft);
});
afterAll(() => store.close());

test("every table of the database is one of those that are known", async () => {
  const there = (await store.db.introspection.getTables()).map(({ name }) => name);
  expect([...tableNames].sort()).toEqual(
    there.filter((name) => !name.startsWith("migrations")).sort() as never,
  );
});

test("the primary keys are those of the database, and the columns that are named are there", async () => {
  for (const { name, columns } of await store.db.introspection.getTables()) {
    if (name.startsWith("migrations")) continue;
    const { key, large, own } = tables[name as keyof typeof tables] as (typeof tables)["store"];
    const names = columns.map((column) => column.name);
    for (const column of [...key, large, own]) if (column !== undefined) expect(names).toContain(column);
    for (const column of columns) {
      if ((key as readonly string[]).includes(column.name)) expect(column.isNullable).toBe(false);
    }
  }
});

test("the same store has the same digest, whatever goes on at the moment", async () => {
  const before = await digestStore(store.db);
  expect(before.tables.find(({ table }) => table === "properties")?.rows).toBe(10);
  await store.db.deleteFrom("sessions").execute();
  await store.db
    .updateTable("store")
    .set({ challenge_secret: new Uint8Array(32) })
    .execute();
  expect(await digestStore(store.db)).toEqual(before);
});

test("another row, or another value in one, is another digest, of that table and of the store", async () => {
  const before = await digestStore(store.db);
  await store.db.updateTable("users").set({ full_name: "Joe" }).where("name", "=", "joe").execute();
  const after = await digestStore(store.db);
  expect(after.digest).not.toBe(before.digest);
  const changed = after.tables.filter(({ digest }, at) => digest !== before.tables[at]?.digest);
  expect(changed.map(({ table }) => table)).toEqual(["users"]);
  await store.db.updateTable("users").set({ full_name: "" }).where("name", "=", "joe").execute();
  expect(await digestStore(store.db)).toEqual(before);
});

test("rows are read in parts: more than one of them, and values larger than one", async () => {
  const bytes = (fill: number) => new Uint8Array(1_048_576).fill(fill);
  const id = crypto.randomUUID();
  const value = { id, size: 6 * 1_048_576, digest: "", piece_digests: new Uint8Array(), created: "2026" };
  const nowhere = { object_id: null, property: null, revision: null, replaced: null };
  await store.db
    .insertInto("stored_values")
    .values({ ...value, ...nowhere })
    .execute();
  for (let seq = 0; seq < 6; seq++)
    await store.db
      .insertInto("value_pieces")
      .values({ value_id: id, seq, bytes: bytes(seq) })
      .execute();
  const rows = Array.from({ length: 1203 }, (_, at) => ({
    day: `d${String(at).padStart(4, "0")}`,
    operations: at,
    refusals: 0,
  }));
  const others = { objects: null, users: 1, stored_bytes: 2 ** 45 };
  for (const some of slices(rows.map((row) => ({ ...row, ...others }))))
    await store.db.insertInto("days").values(some).execute();
  const told: string[] = [];
  const { tables: digests } = await digestStore(store.db, async (table, count) => {
    told.push(`${table} ${count}`);
  });
  const of = (name: string) => digests.find(({ table }) => table === name);
  expect(of("days")).toMatchObject({ rows: 1203 });
  expect(told.filter((one) => one.startsWith("days"))).toEqual([
    "days 500",
    "days 1000",
    "days 1203",
    "days 1203",
  ]);
  expect(of("value_pieces")?.rows).toBe(16);
  // What the format says, by another way.
  const hash = new Bun.CryptoHasher("sha256");
  hash.update('["days","day","objects","operations","refusals","stored_bytes","users"]\n');
  for (const { day, operations } of rows) hash.update(`["${day}",null,${operations},0,35184372088832,1]\n`);
  expect(of("days")?.digest).toBe(hash.digest("hex"));
});
