import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pieceSize } from "@pstore/core/digest";
import { sql } from "kysely";
import { openDatabase } from "../../../database/open.ts";
import type { StoreDatabase } from "../../../database/store-database.ts";
import { detachValues } from "../../../repositories/retention.ts";
import { deleteLoose } from "../../../repositories/values.ts";
import { bytes, type Draft, TestStore, type TestUser } from "../../../store-for-tests.ts";
import { dropLoose } from "../../dropping.ts";
import { collectGarbage } from "../../uploads.ts";
import { checkStore } from "../check.ts";
import { checkDeeply } from "./deep.ts";

let store: TestStore;
let joe: TestUser;
let token: string;
let draft: Draft;
/** Damage is done with a connection of its own, and taken back. */
let db: StoreDatabase;

const large = new Uint8Array(2 * pieceSize + 5).map((_, at) => at);
const upload = crypto.randomUUID();

beforeAll(async () => {
  store = await TestStore.make();
  db = await openDatabase(store.location);
  joe = await store.addUser("joe");
  token = await store.signIn(joe);
  draft = store.draft(joe, "web1");
  await store.putSecret(draft, "password", bytes("secret"));
  store.putPublic(draft, "ip", bytes("192.0.2.7"));
  store.putPublic(draft, "empty", new Uint8Array());
  await store.call("PUT", `/uploads/${upload}`, { token, bytes: large });
  store.putPublic(draft, "image", large, upload);
  await store.committed(token, draft);
  await store.call("PUT", `/uploads/${crypto.randomUUID()}`, { token, bytes: bytes("waits") });
});
afterAll(async () => {
  await db?.destroy();
  await store.close();
});

const said = async () =>
  (await checkDeeply(db, store.store)).faults.map(({ kind, where, fault }) => `${kind}: ${where}: ${fault}`);

test("a sound store has no faults, and a digest", async () => {
  const told = new Set<string>();
  const { faults, digest } = await checkDeeply(db, store.store, (what) => told.add(what));
  expect(faults).toEqual([]);
  expect(digest?.digest).toMatch(/^[0-9a-f]{64}$/);
  expect([...told]).toContain("values: 2 of 2 MiB");
});

/** Exchanges the bytes of a piece with others of the same length. */
async function spoil(property: string | null, seq: number): Promise<() => Promise<void>> {
  const place = db.selectFrom("stored_values").select("id");
  const { id } = await (property === null
    ? place.where("object_id", "is", null)
    : place.where("property", "=", property)
  ).executeTakeFirstOrThrow();
  const row = db.selectFrom("value_pieces").select("bytes").where("value_id", "=", id).where("seq", "=", seq);
  const { bytes: before } = await row.executeTakeFirstOrThrow();
  const set = async (next: Uint8Array) => {
    await db
      .updateTable("value_pieces")
      .set({ bytes: next })
      .where("value_id", "=", id)
      .where("seq", "=", seq)
      .execute();
  };
  const changed = Uint8Array.from(before);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  await set(changed);
  return () => set(before);
}

const spoiled: [what: string, property: string | null, seq: number, fault: string][] = [
  [
    "a small value",
    "ip",
    0,
    "value: web1: 'ip' from revision 1: piece 1 of 1 holds other bytes than were stored",
  ],
  [
    "a secret",
    "password",
    0,
    "value: web1: 'password' from revision 1: piece 1 of 1 holds other bytes than were stored",
  ],
  [
    "the end of a large value",
    "image",
    2,
    "value: web1: 'image' from revision 1: piece 3 of 3 holds other bytes than were stored",
  ],
  ["an upload that waits", null, 0, "piece 1 of 1 holds other bytes than were stored"],
];
for (const [what, property, seq, fault] of spoiled) {
  test(`one bit in ${what} is found, which nothing else finds`, async () => {
    const mend = await spoil(property, seq);
    try {
      expect(await checkStore(db, store.store)).toEqual([]);
      const found = await said();
      expect(found).toHaveLength(1);
      expect(found[0]).toEndWith(fault);
    } finally {
      await mend();
    }
  });
}

test("digests of pieces that are not those of the value are found", async () => {
  const row = await db
    .selectFrom("stored_values")
    .select(["id", "piece_digests"])
    .where("property", "=", "ip")
    .executeTakeFirstOrThrow();
  const set = (digests: Uint8Array) =>
    db.updateTable("stored_values").set({ piece_digests: digests }).where("id", "=", row.id).execute();
  await set(new Uint8Array(32));
  try {
    expect(await said()).toEqual([
      "value: web1: 'ip' from revision 1: the digests of its pieces are not those of its digest",
    ]);
  } finally {
    await set(row.piece_digests);
  }
});

test("a wrapped key and a public key that cannot be read are found", async () => {
  const { bytes: before } = await db.selectFrom("wrapped_keys").select("bytes").executeTakeFirstOrThrow();
  await db
    .updateTable("wrapped_keys")
    .set({ bytes: before.subarray(1) })
    .execute();
  const { block } = await db.selectFrom("public_keys").select("block").executeTakeFirstOrThrow();
  await db
    .updateTable("public_keys")
    .set({ block: block.replace(/[A-Za-z]/g, "A") })
    .execute();
  try {
    const found = (await said()).join("\n");
    expect(found).toContain(`key: ${joe.key}: this is no public key`);
    expect(found).toContain("key: all objects: were not looked at");
    expect(found).toMatch(
      new RegExp(`^wrapped key: web1: 'password' from revision 1, for ${joe.key}: `, "m"),
    );
  } finally {
    await db.updateTable("wrapped_keys").set({ bytes: before }).execute();
    await db.updateTable("public_keys").set({ block }).execute();
  }
});

test("rows that belong to nothing are found", async () => {
  if (db.engine !== "sqlite") return;
  await sql`pragma foreign_keys = off`.execute(db);
  await db
    .insertInto("value_pieces")
    .values({ value_id: "nothing", seq: 0, bytes: new Uint8Array(1) })
    .execute();
  expect(await said()).toEqual([
    "database: value_pieces: 1 row(s) name something in stored_values that is not there",
  ]);
  await db.deleteFrom("value_pieces").where("value_id", "=", "nothing").execute();
});

test("a damaged index of SQLite is found, and nothing further is looked at", async () => {
  if (db.engine !== "sqlite") return;
  const path = join(store.folder, "damaged.db");
  await sql`vacuum into ${path}`.execute(db);
  const copy = await openDatabase({ engine: "sqlite", path });
  const { rows } = await sql<{ rootpage: number }>`
    select rootpage from sqlite_master where name = 'members_user'`.execute(copy);
  await copy.destroy();
  const content = readFileSync(path);
  const page = content.readUInt16BE(16);
  const { id } = await db.selectFrom("users").select("id").executeTakeFirstOrThrow();
  content[content.indexOf(id, page * ((rows[0]?.rootpage ?? 0) - 1))] = "g".charCodeAt(0);
  writeFileSync(path, content);
  const damaged = await openDatabase({ engine: "sqlite", path });
  try {
    const { faults, digest } = await checkDeeply(damaged, store.store);
    expect(faults[0]).toMatchObject({ kind: "database", where: "the file" });
    expect(faults.map(({ fault }) => fault).join("\n")).toContain("members_user");
    expect(digest).toBeNull();
  } finally {
    await damaged.destroy();
  }
});

test("an upload under way and a value that is being dropped are not whole, and no faults", async () => {
  const [id, created] = [crypto.randomUUID(), new Date().toISOString()];
  const { user_id: owner } = await db.selectFrom("uploads").select("user_id").executeTakeFirstOrThrow();
  const nowhere = { object_id: null, property: null, revision: null, replaced: null };
  const empty = { id, size: 0, digest: "", piece_digests: new Uint8Array(), created };
  await db
    .insertInto("stored_values")
    .values({ ...empty, ...nowhere })
    .execute();
  await db
    .insertInto("value_pieces")
    .values({ value_id: id, seq: 0, bytes: bytes("begun") })
    .execute();
  const begun = { id: crypto.randomUUID(), user_id: owner, value_id: id, finished: 0, created } as const;
  await db.insertInto("uploads").values(begun).execute();
  expect(await said()).toEqual([]);
  await db.deleteFrom("uploads").where("value_id", "=", id).execute();
  await db.updateTable("stored_values").set({ size: 7, digest: "dropped" }).where("id", "=", id).execute();
  expect(await said()).toEqual([]);
  await deleteLoose(db, [id]);
});

test("there is no false alarm while values are uploaded, committed, replaced and dropped", async () => {
  const other = await TestStore.make();
  const watching = await openDatabase(other.location);
  let isOver = false;
  let rounds = 0;
  try {
    const ann = await other.addUser("ann");
    const session = await other.signIn(ann);
    const writing = (async () => {
      let last = other.draft(ann, "busy");
      for (let round = 0; round < 8 || rounds < 3; round++) {
        await other.putSecret(last, "password", bytes(`secret ${round}`));
        const id = crypto.randomUUID();
        await other.call("PUT", `/uploads/${id}`, { token: session, bytes: large });
        other.putPublic(last, "image", large, id);
        await other.committed(session, last);
        // What is replaced is dropped at once, piece by piece.
        const old = await other.db
          .selectFrom("stored_values")
          .select("id")
          .where("replaced", "is not", null)
          .execute();
        const ids = old.map((one) => one.id);
        if (ids.length > 0) {
          await detachValues(other.db, ids, new Date().toISOString());
          await dropLoose(other.db, ids);
        }
        await collectGarbage(other.db);
        last = other.next(last, ann);
      }
    })().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const { faults } = await checkDeeply(watching, other.store);
      expect(faults).toEqual([]);
      rounds++;
    }
    await writing;
    expect(rounds).toBeGreaterThanOrEqual(3);
  } finally {
    await watching.destroy();
    await other.close();
  }
});
