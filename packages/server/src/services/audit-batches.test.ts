import { afterAll, beforeAll, expect, test } from "bun:test";
import type { KyselyPlugin } from "kysely";
import type { AuditRow } from "../repositories/audit.ts";
import { TestStore } from "../store-for-tests.ts";
import { writeInBatches } from "./audit-batches.ts";

let store: TestStore;
beforeAll(async () => {
  store = await TestStore.make();
});
afterAll(() => store.close());

function row(detail: string, id = Bun.randomUUIDv7()): AuditRow {
  return {
    ...{ id, time: new Date().toISOString(), user_name: "ann", fingerprint: "", action: "list", detail },
    ...{ object_id: "", object_name: "", property: "", address: "192.0.2.1", outcome: "ok" },
  };
}

/** The store's database, which says how many statements it is given. */
function counted() {
  const counts = { statements: 0 };
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      counts.statements++;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { db: store.db.withPlugin(plugin), counts };
}

const details = async () => (await store.audit()).map(({ detail }) => detail).sort();

test("rows that several want written at once are written with one statement, and those that come meanwhile with the next", async () => {
  const { db, counts } = counted();
  const first = Array.from({ length: 20 }, (_, index) => writeInBatches(db, [row(`first ${index}`)]));
  await Promise.all(first);
  expect(counts.statements).toBe(1);
  await Promise.all([writeInBatches(db, [row("second"), row("third")]), writeInBatches(db, [row("fourth")])]);
  expect(counts.statements).toBe(2);
  expect((await details()).length).toBe(23);
});

test("whoever waits for a batch that is not written is told so, and the next one is written", async () => {
  const { db } = counted();
  const [id] = (await store.audit()).map((written) => written.id);
  const before = await details();
  const batch = [writeInBatches(db, [row("good")]), writeInBatches(db, [row("taken", id)])];
  for (const one of await Promise.allSettled(batch)) expect(one.status).toBe("rejected");
  expect(await details()).toEqual(before);
  await writeInBatches(db, [row("after")]);
  expect(await details()).toEqual([...before, "after"].sort());
});
