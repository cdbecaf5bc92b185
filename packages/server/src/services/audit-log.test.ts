import { afterAll, beforeAll, expect, test } from "bun:test";
import { insertAudit } from "../repositories/audit.ts";
import { TestStore } from "../store-for-tests.ts";
import type { AuditRow } from "./audit.ts";
import { type AuditFilter, pageOfAudit, readAudit } from "./audit-log.ts";

let store: TestStore;
const start = Date.parse("2026-01-01T00:00:00Z");
const count = 2500;

beforeAll(async () => {
  store = await TestStore.make();
  await store.db
    .insertInto("objects")
    .values({ id: "id-of-renamed", name: "new", live_name: "new", revision: 1 })
    .execute();
  // Five rows a second, the ids in another order than the times.
  await insertAudit(
    store.db,
    Array.from({ length: count }, (_, at): AuditRow => {
      const order = (at * 7) % 5;
      return {
        id: `${order}-${at}`,
        time: new Date(start + Math.floor(at / 5) * 1000).toISOString(),
        user_name: at % 2 === 0 ? "joe" : "ann",
        fingerprint: "",
        action: at === 0 ? "create" : at % 3 === 0 ? "read" : "set",
        object_id: at < 10 ? "id-of-renamed" : "",
        object_name: at < 10 ? "old" : `host${at % 100}`,
        property: at % 4 === 0 ? "password" : "",
        address: "192.0.2.1",
        outcome: at % 50 === 0 ? "forbidden" : "ok",
        detail: String(at),
      };
    }),
  );
});
afterAll(() => store.close());

async function read(filter: AuditFilter, limit: number): Promise<readonly AuditRow[]> {
  return (await Array.fromAsync(readAudit(store.db, filter, limit))).flat();
}
const keys = (rows: readonly AuditRow[]) => rows.map((row) => `${row.time} ${row.id}`);

test("all of it comes in pages, each row once, in the order of times", async () => {
  const pages = await Array.fromAsync(readAudit(store.db, {}, 0));
  expect(pages.map((page) => page.length)).toEqual([1000, 1000, 500]);
  const found = keys(pages.flat());
  expect(new Set(found).size).toBe(count);
  expect(found).toEqual(found.toSorted());
});

test("of the newest N, the oldest comes first", async () => {
  const found = await read({}, 7);
  expect(keys(found)).toEqual(keys(await read({}, 0)).slice(-7));
});

const matching: [filter: AuditFilter, fits: (row: AuditRow) => boolean][] = [
  [{ user: "joe" }, (row) => row.user_name === "joe"],
  [{ object: "host7" }, (row) => row.object_name === "host7"],
  [{ object: "new" }, (row) => row.object_id === "id-of-renamed"],
  [{ object: "old" }, (row) => row.object_name === "old"],
  [{ property: "password", action: "read" }, (row) => row.property !== "" && row.action === "read"],
  [{ outcome: "forbidden" }, (row) => row.outcome === "forbidden"],
  [{ refused: true }, (row) => row.outcome !== "ok"],
  [{ outcome: "ok" }, (row) => row.outcome === "ok"],
  [{ since: "2026-01-01T00:00:30.000Z" }, (row) => row.time >= "2026-01-01T00:00:30.000Z"],
  [
    { since: "2026-01-01T00:00:30.000Z", before: "2026-01-01T00:00:31.000Z" },
    (row) => row.time === "2026-01-01T00:00:30.000Z",
  ],
];
for (const [filter, fits] of matching) {
  test(`${JSON.stringify(filter)} finds what fits, with a limit and without`, async () => {
    const expected = (await read({}, 0)).filter(fits);
    expect(expected.length).toBeGreaterThan(0);
    expect(keys(await read(filter, 0))).toEqual(keys(expected));
    expect(keys(await read(filter, 3))).toEqual(keys(expected.slice(-3)));
  });
}

test("what is searched for is data", async () => {
  for (const user of ["nobody", "' or '1'='1", "%"]) expect(await read({ user }, 0)).toEqual([]);
});

test("where rows that fit are rare, a page ends for want of time, and goes on from there", async () => {
  const time = (at: number) => new Date(start + 86_400_000 + Math.floor(at / 3)).toISOString();
  await insertAudit(
    store.db,
    Array.from({ length: 12_000 }, (_, at): AuditRow => {
      const isRare = at === 10;
      const user_name = at % 2 === 0 ? "busy" : "other";
      const object_name = at % 2 === 0 && !isRare ? "idle" : "often";
      const id = `x-${at}`;
      const rest = { fingerprint: "", object_id: "", property: "", address: "", outcome: "ok", detail: "" };
      return { ...rest, id, time: time(at), user_name, action: "read", object_name };
    }),
  );
  const filter = { user: "busy", object: "often" };
  const all = await pageOfAudit(store.db, filter, { after: null, limit: 50, patience: 60_000 });
  expect([all.rows.map((row) => row.id), all.next, all.isPart]).toEqual([["x-10"], null, false]);
  const part = await pageOfAudit(store.db, filter, { after: null, limit: 50, patience: 0 });
  expect([part.rows, part.isPart]).toEqual([[], true]);
  const rest = await pageOfAudit(store.db, filter, { after: part.next, limit: 50, patience: 0 });
  expect([rest.rows.map((row) => row.id), rest.isPart]).toEqual([["x-10"], false]);
});
