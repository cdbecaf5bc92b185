import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Db } from "../../database/open.ts";
import type { AuditTable } from "../../database/schema.ts";
import { TestStore } from "../../store-for-tests.ts";
import { type Actor, record } from "../audit.ts";
import { ExpectedSeals } from "./expected.ts";
import { rootOf } from "./rows.ts";
import { nameOf, type SealName } from "./seal.ts";
import { sealSome } from "./sealing.ts";
import { verifyAudit } from "./verification.ts";

const actor: Actor = { userName: "joe", fingerprint: "openpgp:00", address: "192.0.2.1" };

let store: TestStore;
/** Five seals of three rows each. */
let seals: SealName[];

beforeAll(async () => {
  store = await TestStore.make();
  await store.db.deleteFrom("audit").execute();
  seals = [];
  for (let number = 1; number <= 5; number++) {
    await write(store.db, 3);
    const sealed = await sealSome(store);
    if (sealed !== null) seals.push(sealed);
  }
});
afterAll(() => store.close());

async function write(db: Db, count: number): Promise<void> {
  const deeds = Array.from({ length: count }, (_, at) => ({
    action: "read" as const,
    objectId: "0f8e6d5c",
    objectName: `machine ${at}`,
    property: "password",
    outcome: "ok",
    detail: "revision 1",
  }));
  await record(db, actor, deeds);
}

interface Asked {
  from?: SealName;
  expected?: readonly SealName[];
}

async function faultsOf(db: Db, { from, expected = [] }: Asked = {}, now = new Date()) {
  const kept = new ExpectedSeals();
  for (const name of expected) kept.add(name);
  const faults: string[] = [];
  const report = (fault: string) => faults.push(fault);
  const options = { from: from ?? null, expected: kept, report };
  const found = await verifyAudit({ db, store: store.store }, options, now);
  expect(found.faults).toBe(faults.length);
  return { faults, found };
}

class Undone extends Error {}

/** What is found after somebody had their way in the database, which is then as it was. */
async function afterwards(change: (db: Db) => Promise<unknown>, asked: Asked = {}): Promise<string[]> {
  let faults: string[] = [];
  const work = store.db.transaction().execute(async (trx) => {
    await change(trx);
    ({ faults } = await faultsOf(trx, asked));
    throw new Undone();
  });
  await expect(work).rejects.toThrow(Undone);
  return faults;
}

/** A row of a seal. */
async function rowOf(db: Db, seal: number): Promise<AuditTable> {
  return await db.selectFrom("audit").selectAll().where("seal", "=", seal).limit(1).executeTakeFirstOrThrow();
}

test("a log that nobody touched holds, from its beginning and from a seal that was kept", async () => {
  const { faults, found } = await faultsOf(store.db, { expected: seals });
  expect(faults).toEqual([]);
  const newest = seals.at(-1) ?? null;
  expect(found).toEqual({ seals: 5, rows: 15, compared: 5, newest, faults: 0 });
  const later = await faultsOf(store.db, { from: seals[3] as SealName });
  expect(later).toEqual({ faults: [], found: { seals: 2, rows: 6, compared: 0, newest, faults: 0 } });
});

const texts = [
  "id",
  "time",
  "user_name",
  "fingerprint",
  "action",
  "object_id",
  "object_name",
  "property",
  "address",
  "outcome",
  "detail",
] as const;

test("the columns that are tampered with here are all that there are", async () => {
  const row = await rowOf(store.db, 1);
  expect(Object.keys(row).sort()).toEqual([...texts, "refused", "seal"].sort());
});

test.each(texts)("another %s is found", async (column) => {
  const faults = await afterwards(async (db) => {
    const row = await rowOf(db, 3);
    const value = column === "id" ? crypto.randomUUID() : `${row[column]}x`.slice(-24);
    await db
      .updateTable("audit")
      .set({ [column]: value })
      .where("id", "=", row.id)
      .execute();
  });
  expect(faults).toEqual([
    expect.stringMatching(
      /^a row of seal 3 was changed, or the seal itself \(3 rows, which were sealed at .+ by .+\)$/,
    ),
  ]);
});

test("a refusal that is marked as done is found", async () => {
  const faults = await afterwards(async (db) => {
    await db
      .updateTable("audit")
      .set({ refused: 1 })
      .where("id", "=", (await rowOf(db, 2)).id)
      .execute();
  });
  expect(faults).toEqual([expect.stringContaining("a row of seal 2 was changed")]);
});

test("rows that are removed, added or moved to another seal are found", async () => {
  expect(
    await afterwards(async (db) => {
      await db
        .deleteFrom("audit")
        .where("id", "=", (await rowOf(db, 1)).id)
        .execute();
      await db.deleteFrom("audit").where("seal", "=", 4).execute();
    }),
  ).toEqual([
    expect.stringMatching(/^a row was removed from seal 1/),
    expect.stringMatching(/^3 rows were removed from seal 4/),
  ]);
  expect(
    await afterwards(async (db) => {
      const row = await rowOf(db, 2);
      const added = ["a", "b"].map((id) => ({ ...row, id }));
      await db.insertInto("audit").values(added).execute();
    }),
  ).toEqual([expect.stringMatching(/^2 rows were added to seal 2/)]);
  expect(
    await afterwards(async (db) => {
      await db
        .updateTable("audit")
        .set({ seal: 5 })
        .where("id", "=", (await rowOf(db, 2)).id)
        .execute();
    }),
  ).toHaveLength(2);
  expect(
    await afterwards(async (db) => {
      await db
        .updateTable("audit")
        .set({ seal: null })
        .where("id", "=", (await rowOf(db, 2)).id)
        .execute();
    }),
  ).toHaveLength(1);
});

test("rows that name seals which there are not are found", async () => {
  const faults = await afterwards(async (db) => {
    const row = await rowOf(db, 2);
    const added = [0, -3, 6, 7].map((seal) => ({ ...row, id: `of ${seal}`, seal }));
    await db.insertInto("audit").values(added).execute();
  });
  expect(faults).toEqual([
    "rows that name seals -3 to 0, which there is not: 2",
    "rows that name seals 6 to 7, which there is not: 2",
  ]);
});

test("a seal that is missing, changed, renumbered or of another store is found", async () => {
  const remove = (number: number) => async (db: Db) =>
    await db.deleteFrom("audit_seals").where("number", "=", number).execute();
  const [first, third] = [await afterwards(remove(1)), await afterwards(remove(3))];
  expect(first).toEqual(["seal 1 is missing; rows that name it: 3"]);
  expect(third).toEqual(["seal 3 is missing; rows that name it: 3"]);
  const put = (number: number, text: string) => async (db: Db) =>
    await db.updateTable("audit_seals").set({ text }).where("number", "=", number).execute();
  expect(await afterwards(put(2, "x"))).toEqual([
    "seal 2 was changed: it has not the form of a seal",
    "seal 3 does not follow on seal 2: one of the two was changed",
  ]);
  const text = await textOf(store.db, 3);
  expect(await afterwards(put(3, text.replace("seal 3", "seal 4")))).toEqual([
    "seal 3 was renumbered: it says that it is seal 4",
    "seal 4 does not follow on seal 3: one of the two was changed",
  ]);
  expect(
    await afterwards(put(5, (await textOf(store.db, 5)).replace(store.store.id, crypto.randomUUID()))),
  ).toEqual([expect.stringMatching(/^seal 5 is of another store/)]);
  expect(
    await afterwards(put(1, (await textOf(store.db, 1)).replace("previous -", `previous ${"0".repeat(64)}`))),
  ).toEqual([
    "seal 1 was changed: one is said to be before it",
    "seal 2 does not follow on seal 1: one of the two was changed",
  ]);
  for (const [what, other] of [
    [/time 2/, "time 1"],
    [/server ./, "server x"],
  ] as const)
    expect(await afterwards(put(2, (await textOf(store.db, 2)).replace(what, other)))).toEqual([
      "seal 3 does not follow on seal 2: one of the two was changed",
    ]);
});

async function textOf(db: Db, number: number): Promise<string> {
  const { text } = await db
    .selectFrom("audit_seals")
    .select("text")
    .where("number", "=", number)
    .executeTakeFirstOrThrow();
  return text;
}

/** Changes a row and makes all seals from its own on anew, as somebody can who may write to the database. */
async function forge(db: Db): Promise<void> {
  const fourth = await textOf(db, 4);
  await db
    .updateTable("audit")
    .set({ user_name: "jim" })
    .where("id", "=", (await rowOf(db, 4)).id)
    .execute();
  await db.deleteFrom("audit_seals").where("number", ">=", 4).execute();
  await db.updateTable("audit").set({ seal: null }).where("seal", ">=", 4).execute();
  const rows = await db.selectFrom("audit").selectAll().where("seal", "is", null).execute();
  const text = fourth.replace(/events .*/, `events ${rows.length} ${rootOf(rows)}`);
  await db.insertInto("audit_seals").values({ number: 4, text }).execute();
  await db.updateTable("audit").set({ seal: 4 }).where("seal", "is", null).execute();
}

test("a chain that was made anew or cut off is found by a seal that was kept, and by nothing else", async () => {
  expect(await afterwards(forge)).toEqual([]);
  expect(await afterwards(forge, { expected: seals.slice(0, 3) })).toEqual([]);
  expect(await afterwards(forge, { expected: [seals[3] as SealName] })).toEqual([
    expect.stringMatching(/^seal 4 was changed: it is 4:[0-9a-f]{64}, and 4:[0-9a-f]{64} was expected$/),
  ]);
  const cut = async (db: Db) => {
    await db.deleteFrom("audit_seals").where("number", ">=", 4).execute();
    await db.deleteFrom("audit").where("seal", ">=", 4).execute();
  };
  expect(await afterwards(cut)).toEqual([]);
  expect(await afterwards(cut, { expected: [seals[4] as SealName] })).toEqual([
    expect.stringMatching(/^the chain ends with seal 3, and 5:[0-9a-f]{64} was expected/),
  ]);
  const all = async (db: Db) => {
    await db.deleteFrom("audit_seals").execute();
    await db.deleteFrom("audit").execute();
  };
  expect(await afterwards(all, { expected: [seals[4] as SealName] })).toEqual([
    expect.stringMatching(/^there is no seal at all, and 5:[0-9a-f]{64} was expected/),
  ]);
  expect(await afterwards(all, { from: seals[4] as SealName })).toEqual([
    "the chain ends with seal 0, before seal 5, with which to begin",
  ]);
});

test("a seal to begin with that is another one is refused, and so are two that cannot both be right", async () => {
  const wrong = nameOf(3, "something else");
  expect((await faultsOf(store.db, { from: wrong })).faults).toEqual([
    expect.stringMatching(/^seal 3 is not the one to begin with/),
  ]);
  expect((await faultsOf(store.db, { expected: [seals[2] as SealName, wrong] })).faults).toHaveLength(1);
});

test("rows that wait for a seal are no fault for an hour", async () => {
  expect(await afterwards((db) => write(db, 2))).toEqual([]);
  const work = store.db.transaction().execute(async (trx) => {
    await write(trx, 2);
    const { faults } = await faultsOf(trx, {}, new Date(Date.now() + 3_700_000));
    expect(faults).toEqual([
      expect.stringMatching(/^rows that wait for a seal since more than an hour: 2, the oldest/),
    ]);
    throw new Undone();
  });
  await expect(work).rejects.toThrow(Undone);
});
