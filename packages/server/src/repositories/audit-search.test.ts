import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { TestStore } from "../store-for-tests.ts";
import { type AuditRow, insertAudit } from "./audit.ts";
import { type AuditFilter, planSearch } from "./audit-search.ts";
import { auditSlice, type Order, type Place } from "./audit-slices.ts";

let store: TestStore;
/** The names that objects have now. */
const present = new Map([
  ["id-1", "new"],
  ["id-2", "host"],
  ["id-3", "host"],
]);

beforeAll(async () => {
  store = await TestStore.make();
  for (const [id, name] of present)
    await store.db.insertInto("objects").values({ id, name, live_name: null, revision: 1 }).execute();
});
afterAll(() => store.close());
afterEach(async () => {
  await store.db.deleteFrom("audit").execute();
});

const time = fc.integer({ min: 0, max: 6 }).map((at) => `2026-01-01T00:00:00.00${at}Z`);
const user = fc.constantFrom("joe", "ann", "");
const name = fc.constantFrom("new", "old", "host", "never");
const action = fc.constantFrom("read", "set", "create");
const outcome = fc.constantFrom("ok", "ok", "forbidden", "not-found");
const property = fc.constantFrom("", "password");
const rows = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 0, max: 999 }).map((id) => `r${id}`),
    time,
    user_name: user,
    fingerprint: fc.constant(""),
    action,
    object_id: fc.constantFrom("", "id-1", "id-2", "id-3"),
    object_name: fc.constantFrom("", "new", "old", "host"),
    property,
    address: fc.constant(""),
    outcome,
    detail: fc.constant(""),
  }),
  { selector: (row) => row.id, maxLength: 40 },
);
const filters = fc.record(
  { user, object: name, action, outcome, property, refused: fc.boolean(), since: time, before: time },
  { requiredKeys: [] },
);

/** The rows, with those that have given each object the names under which it stands in them. */
function withNames(all: readonly AuditRow[]): readonly AuditRow[] {
  const given = all
    .filter(({ object_id }) => object_id !== "")
    .map((row): AuditRow => ({ ...row, id: `${row.id}-name`, action: "rename", outcome: "ok" }));
  return [...all, ...given];
}

function fits(row: AuditRow, filter: AuditFilter): boolean {
  const { user, object, action, outcome, property, refused, since, before } = filter;
  return (
    (user === undefined || row.user_name === user) &&
    (object === undefined || row.object_name === object || present.get(row.object_id) === object) &&
    (action === undefined || row.action === action) &&
    (outcome === undefined || row.outcome === outcome) &&
    (property === undefined || row.property === property) &&
    (refused !== true || row.outcome !== "ok") &&
    (since === undefined || row.time >= since) &&
    (before === undefined || row.time < before)
  );
}

const key = (row: Place) => `${row.time} ${row.id}`;

/** Everything that is found, slice by slice. */
async function search(filter: AuditFilter, order: Order, limit: number, look: number): Promise<string[]> {
  const plan = await planSearch(store.db, filter);
  const found: string[] = [];
  for (let behind: Place | null = null; ; ) {
    const { rows, seen }: { rows: AuditRow[]; seen: Place | null } = await auditSlice(store.db, plan, {
      order,
      behind,
      limit,
      look,
    });
    found.push(...rows.map(key));
    expect(rows.length).toBeLessThanOrEqual(limit);
    const last = rows.at(-1);
    behind = rows.length === limit && last !== undefined ? { time: last.time, id: last.id } : seen;
    if (behind === null) return found;
  }
}

test("a search finds what a look at every row finds, in order and each row once, however it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      rows,
      filters,
      fc.constantFrom<Order>("asc", "desc"),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      async (all, filter, order, limit, look) => {
        await store.db.deleteFrom("audit").execute();
        const named = withNames(all);
        if (named.length > 0) await insertAudit(store.db, named);
        const expected = named
          .filter((row) => fits(row, filter))
          .map(key)
          .sort();
        if (order === "desc") expected.reverse();
        expect(await search(filter, order, limit, look)).toEqual(expected);
      },
    ),
    { numRuns: 400 },
  );
});

test("a name that very many objects had is looked for all the same", async () => {
  const ids = Array.from({ length: 30 }, (_, at) => `many-${at}`);
  for (const id of ids)
    await store.db.insertInto("objects").values({ id, name: "many", live_name: null, revision: 1 }).execute();
  const blank = { fingerprint: "", property: "", address: "", outcome: "ok", detail: "", action: "read" };
  await insertAudit(
    store.db,
    ids.map((id, at) => ({
      ...blank,
      id: `r${at}`,
      time: `2026-01-01T00:00:00.0${at + 10}Z`,
      user_name: "joe",
      object_id: id,
      object_name: at % 2 === 0 ? "many" : "few",
    })),
  );
  expect((await search({ object: "many" }, "desc", 7, 5)).length).toBe(30);
  expect((await search({ object: "many", user: "joe" }, "asc", 7, 5)).length).toBe(30);
  expect((await search({ object: "few" }, "asc", 7, 5)).length).toBe(15);
});
