import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../../database/schema.ts";
import { remember, unguarded } from "../../database/unguarded-for-tests.ts";
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

const damages: [
  what: string,
  damage: (db: Kysely<Tables>) => { execute(): Promise<unknown> },
  fault: RegExp,
][] = [
  [
    "a changed manifest",
    (db) =>
      db
        .updateTable("revisions")
        .set({ manifest: sql`replace(manifest, 'web1', 'web2')` })
        .where("revision", "=", 2),
    /digest/,
  ],
  ["a lost revision", (db) => db.deleteFrom("revisions").where("revision", "=", 1), /revision 1 is missing/],
  [
    "a changed commit",
    (db) => db.updateTable("commits").set({ signature: "AAAA" }),
    /commit is missing or damaged/,
  ],
  [
    "a wrong path",
    (db) => db.updateTable("revisions").set({ position: 1 }).where("revision", "=", 2),
    /not in the commit/,
  ],
  ["a wrong name in the index", (db) => db.updateTable("objects").set({ name: "x" }), /another name/],
  ["a wrong head", (db) => db.updateTable("objects").set({ revision: 1 }), /newest is 2/],
  ["a lost member", (db) => db.deleteFrom("members").where("access", "=", "read"), /other members/],
  ["a raised member", (db) => db.updateTable("members").set({ access: "write" }), /other members/],
  ["a member held pending", (db) => db.updateTable("members").set({ pending: 1 }), /other members/],
  ["a lost property", (db) => db.deleteFrom("properties").where("name", "=", "ip"), /other properties/],
  ["a lost piece", (db) => db.deleteFrom("value_pieces"), /not whole/],
  ["a short piece", (db) => db.updateTable("value_pieces").set({ bytes: new Uint8Array(1) }), /not whole/],
  ["a lost wrapped key", (db) => db.deleteFrom("wrapped_keys"), /is not wrapped to ann's reading key/],
  [
    "a moved value",
    (db) => db.updateTable("stored_values").set({ revision: 7 }).where("property", "=", "ip"),
    /value of 'ip' is missing/,
  ],
  [
    "an expired upload",
    (db) =>
      db.insertInto("stored_values").values({
        ...{ id: "x", size: 0, digest: "", piece_digests: new Uint8Array(), created: "2020" },
        ...{ object_id: null, property: null, revision: null, replaced: null },
      }),
    /belongs to nothing/,
  ],
];

for (const [what, damage, fault] of damages) {
  test(`finds ${what}`, async () => {
    const mend = await remember(store.db, [
      ...(["objects", "commits", "revisions", "members", "stored_values"] as const),
      ...(["properties", "value_pieces", "wrapped_keys"] as const),
    ]);
    try {
      await unguarded(store.db, (db) => damage(db).execute());
      const faults = await checkStore(store.db, store.store);
      expect(faults.map((one) => one.fault).join("\n")).toMatch(fault);
      expect(faults.every((one) => one.solution.length > 10)).toBe(true);
    } finally {
      await mend();
    }
  });
}

test("what was damaged is mended", async () => {
  expect(await checkStore(store.db, store.store)).toEqual([]);
});
