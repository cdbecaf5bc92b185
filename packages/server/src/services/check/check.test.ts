import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "kysely";
import { openUnchecked } from "../../database/open.ts";
import { type Draft, TestStore, type TestUser } from "../../store-for-tests.ts";
import { checkStore } from "./check.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let draft: Draft;
let token: string;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe", { superuser: true });
  ann = await store.addUser("ann");
  token = await store.signIn(joe);
  draft = store.draft(joe, "web1", { ann: [ann, "read"] });
  await store.putSecret(draft, "password", new Uint8Array([1, 2, 3]));
  store.putPublic(draft, "ip", new Uint8Array([4]));
  await store.committed(token, draft);
  draft = store.next(draft, joe);
  await store.putSecret(draft, "password", new Uint8Array([5]));
  await store.committed(token, draft);
});
afterAll(() => store.close());

test("a sound store has no faults, also over the API, which others may not ask", async () => {
  expect(await checkStore(store.db, store.store)).toEqual([]);
  expect((await store.call("GET", "/check", { token })).body).toEqual({ faults: [] });
  const other = await store.signIn(ann);
  expect((await store.call("GET", "/check", { token: other })).status).toBe(403);
});

const damages: [what: string, statement: string, fault: RegExp][] = [
  [
    "a changed manifest",
    "update revisions set manifest = replace(manifest, 'web1', 'web2') where revision = 2",
    /digest/,
  ],
  ["a lost revision", "delete from revisions where revision = 1", /revision 1 is missing/],
  ["a changed commit", "update commits set signature = 'AAAA'", /commit is missing or damaged/],
  ["a wrong path", "update revisions set position = 1 where revision = 2", /not in the commit/],
  ["a wrong name in the index", "update objects set name = 'x'", /another name/],
  ["a wrong head", "update objects set revision = 1", /newest is 2/],
  ["a lost member", "delete from members where access = 'read'", /other members/],
  ["a raised member", "update members set access = 'write'", /other members/],
  ["a member held pending", "update members set pending = 1", /other members/],
  ["a lost property", "delete from properties where name = 'ip'", /other properties/],
  ["a lost piece", "delete from value_pieces", /not whole/],
  ["a short piece", "update value_pieces set bytes = x'00'", /not whole/],
  ["a lost wrapped key", "delete from wrapped_keys", /is not wrapped to ann's reading key/],
  [
    "a moved value",
    "update stored_values set revision = 7 where property = 'ip'",
    /value of 'ip' is missing/,
  ],
  [
    "an expired upload",
    "insert into stored_values select 'x', 0, '', x'', null, null, null, '2020', null from store",
    /belongs to nothing/,
  ],
];

for (const [what, statement, fault] of damages) {
  test(`finds ${what}`, async () => {
    const path = join(store.folder, `${crypto.randomUUID()}.db`);
    await sql`vacuum into ${path}`.execute(store.db);
    const copy = await openUnchecked({ engine: "sqlite", path });
    try {
      await sql`pragma foreign_keys = off`.execute(copy);
      await sql.raw(statement).execute(copy);
      const faults = await checkStore(copy, store.store);
      expect(faults.map((one) => one.fault).join("\n")).toMatch(fault);
      expect(faults.every((one) => one.solution.length > 10)).toBe(true);
    } finally {
      await copy.destroy();
    }
  });
}
