import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "kysely";
import { testedEngine } from "../database/fresh-for-tests.ts";
import { actor, TestStore } from "../store-for-tests.ts";
import { type AuditRow, listenToAudit, record } from "./audit.ts";

let store: TestStore;
let told: AuditRow[];

beforeAll(async () => {
  store = await TestStore.make();
  listenToAudit(store.db, (row) => told.push(row));
});
afterAll(() => store.close());

const actions = () => told.map((row) => row.action);

test("a row outside a transaction is told when it is written", async () => {
  told = [];
  await record(store.db, actor, [{ action: "read" }, { action: "set", detail: "a\nb" }]);
  expect(actions()).toEqual(["read", "set"]);
  expect(told[1]?.detail).toBe("a\\u{a}b");
});

test("one within a transaction is told when that is committed, and not before", async () => {
  told = [];
  await store.db.transaction().execute(async (trx) => {
    await record(trx, actor, [{ action: "read" }]);
    await record(trx, actor, [{ action: "set" }]);
    expect(actions()).toEqual([]);
  });
  expect(actions()).toEqual(["read", "set"]);
});

test("of a transaction that is rolled back nothing is told, nor later", async () => {
  told = [];
  const failing = store.db.transaction().execute(async (trx) => {
    await record(trx, actor, [{ action: "drop" }]);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  await record(store.db, actor, [{ action: "list" }]);
  expect(actions()).toEqual(["list"]);
});

// MySQL checks no foreign key at the commit alone.
test.if(testedEngine !== "mysql")("a commit that fails at its very end tells nothing", async () => {
  told = [];
  if (testedEngine === "postgres") {
    const key = sql.raw("alter constraint value_pieces_value_id_of deferrable");
    await sql`alter table value_pieces ${key}`.execute(store.db);
  }
  let reached = false;
  const failing = store.db.transaction().execute(async (trx) => {
    await record(trx, actor, [{ action: "drop" }]);
    // Foreign keys that are checked at the commit make it fail then.
    const deferred =
      testedEngine === "sqlite" ? sql`pragma defer_foreign_keys = on` : sql`set constraints all deferred`;
    await deferred.execute(trx);
    await trx.insertInto("value_pieces").values({ value_id: "x", seq: 0, bytes: new Uint8Array() }).execute();
    reached = true;
  });
  await expect(failing).rejects.toThrow();
  expect(reached).toBe(true);
  expect(actions()).toEqual([]);
  expect(await store.db.selectFrom("audit").select("id").where("action", "=", "drop").execute()).toEqual([]);
});

test("rows of transactions at the same time are told in the order in which they were committed", async () => {
  told = [];
  const pairs = [["create", "set"] as const, ["rename", "allow"] as const, ["delete", "check"] as const];
  await Promise.all(
    pairs.map(([first, second]) =>
      store.db.transaction().execute((trx) => record(trx, actor, [{ action: first }, { action: second }])),
    ),
  );
  if (testedEngine === "sqlite") expect(actions()).toEqual(pairs.flat());
  // Elsewhere nobody knows which of them is first; the rows of one are told together all the same.
  const toldPairs = [0, 2, 4].map((at) => actions().slice(at, at + 2));
  expect(toldPairs.sort()).toEqual(pairs.map((pair) => [...pair]).sort());
});

test("a refused sign-in is told", async () => {
  told = [];
  const login = await store.login(
    { name: "nobody", key: `openpgp:${"0".repeat(40)}` },
    { signature: "AAAA" },
  );
  await store.call("POST", "/session", { json: login });
  expect(told).toEqual([
    expect.objectContaining({
      action: "sign in",
      outcome: "sign-in-refused",
      user_name: "",
      detail: "unknown user 'nobody'",
    }),
  ]);
});
