import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { addUser } from "../services/accounts.ts";
import { addKey } from "../services/keys.ts";
import { actor, TestStore } from "../store-for-tests.ts";
import { faultOf } from "./faults.ts";
import { testedEngine } from "./fresh-for-tests.ts";
import type { SqliteLocation } from "./location.ts";
import { migrate } from "./migrate.ts";
import { migrationNames } from "./migrations/list.ts";
import { olderStore } from "./older-for-tests.ts";
import { openDatabase, openUnchecked } from "./open.ts";
import { timeText, type UserTable } from "./schema.ts";
import type { StoreDatabase } from "./store-database.ts";
import { snapshot } from "./transactions.ts";

let store: TestStore;
/** Another server process, as far as a database can tell. */
let other: StoreDatabase;
/** The same, for what waits for the first one. */
let writer: StoreDatabase;

beforeAll(async () => {
  store = await TestStore.make();
  other = await openDatabase(store.location);
  // SQLite waits for a lock without letting anybody else of the process have their turn.
  writer = testedEngine === "sqlite" ? store.db : other;
});
afterAll(async () => {
  await other?.destroy();
  await store.close();
});

const user = (name: string): UserTable =>
  ({
    ...{ id: randomUUID(), name, active: 1, removed: null, email: "", full_name: "", staff: 0, superuser: 0 },
    ...{ view_any: 0, password_hash: null, totp_secret: null, totp_last: 0, created: timeText(new Date()) },
  }) as UserTable;

test("of many who count one row up at once, over two servers, none is lost", async () => {
  await store.db.insertInto("users").values(user("counted")).execute();
  const countUp = (db: StoreDatabase) =>
    db.transaction().execute(async (trx) => {
      const { totp_last: count } = await trx
        .selectFrom("users")
        .select("totp_last")
        .where("name", "=", "counted")
        .executeTakeFirstOrThrow();
      await trx
        .updateTable("users")
        .set({ totp_last: Number(count) + 1 })
        .where("name", "=", "counted")
        .execute();
    });
  await Promise.all(Array.from({ length: 20 }, (_, at) => countUp(at % 2 === 0 ? store.db : writer)));
  const row = await store.db
    .selectFrom("users")
    .select("totp_last")
    .where("name", "=", "counted")
    .executeTakeFirstOrThrow();
  expect(Number(row.totp_last)).toBe(20);
});

test("a transaction that only reads sees one moment, and writes nothing", async () => {
  await snapshot(store.db, async (trx) => {
    const count = async () => (await trx.selectFrom("users").select("id").execute()).length;
    const before = await count();
    await other.insertInto("users").values(user("newcomer")).execute();
    expect(await count()).toBe(before);
  });
  const writing = snapshot(store.db, (trx) => trx.deleteFrom("users").execute());
  expect(faultOf(await writing.catch((error) => error))).toBe("read-only");
  expect((await store.db.selectFrom("users").select("id").execute()).length).toBeGreaterThan(0);
  // And whoever has the connection next may.
  await store.db.insertInto("users").values(user("afterwards")).execute();
});

test("of several who add one user at once, over two servers, one does, and the others are told of it", async () => {
  const plain = { email: "", fullName: "", staff: false, superuser: false, viewAny: false, password: null };
  const added = await Promise.allSettled(
    Array.from({ length: 8 }, (_, at) =>
      addUser(at % 2 === 0 ? store.db : writer, actor, { ...plain, name: "wanted" }),
    ),
  );
  expect(added.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const one of added)
    if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "conflict" });
});

test("of two users who get one key at once, over two servers, one has it, and the other one is told", async () => {
  const plain = { email: "", fullName: "", staff: false, superuser: false, viewAny: false, password: null };
  const names = ["first", "second"];
  for (const name of names) await addUser(store.db, actor, { ...plain, name });
  const { line } = await store.makeSshKey("ed25519", "");
  const given = { block: Buffer.from(line), writeOnly: false, description: "" };
  const added = await Promise.allSettled(
    names.map((name, at) => addKey(at === 0 ? store.db : writer, actor, { ...given, user: name })),
  );
  expect(added.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  for (const one of added)
    if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "conflict" });
});

test("names that differ in case, an accent or a space at the end are different names, in the order of their bytes", async () => {
  const names = ["name", "Name", "namé", "name ", "nAme", "ñame", "name\u{1f511}", "name_"];
  await store.db
    .insertInto("users")
    .values(names.map((name) => user(name)))
    .execute();
  const found = await store.db
    .selectFrom("users")
    .select("name")
    .where("name", "in", names)
    .orderBy("name")
    .execute();
  const byBytes = names.toSorted((one, two) => Buffer.compare(Buffer.from(one), Buffer.from(two)));
  expect(found.map(({ name }) => name)).toEqual(byBytes);
  for (const name of names) {
    const rows = await store.db.selectFrom("users").select("name").where("name", "=", name).execute();
    expect(rows).toEqual([{ name }]);
    await expect(store.db.insertInto("users").values(user(name)).execute()).rejects.toThrow();
  }
});

test.if(testedEngine !== "sqlite")(
  "of two that migrate a store at once one does it, and the other one waits and has nothing to do",
  async () => {
    const older = await olderStore(store.db, "0001-initial");
    const second = await openUnchecked(older.location);
    try {
      const done = await Promise.all([migrate(older.db, ""), migrate(second, "")]);
      expect(done.flat()).toEqual(migrationNames.slice(1));
      expect(done.map((names) => names.length).sort()).toEqual([0, migrationNames.length - 1]);
    } finally {
      await second.destroy();
      await older.close();
    }
  },
);

test.if(testedEngine === "sqlite")(
  "of two programs that migrate a store at once one does it, and the other one waits and has nothing to do",
  async () => {
    const older = await olderStore(store.db, "0001-initial");
    const { path } = older.location as SqliteLocation;
    const hasOpened = (pid: number) =>
      readdirSync(`/proc/${pid}/fd`).some((fd) => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${fd}`) === path;
        } catch {
          return false;
        }
      });
    const lock = new Database(path);
    lock.run("begin immediate");
    const argv = [process.execPath, join(import.meta.dir, "../bin.ts"), "migrate"];
    const both = [1, 2].map(() => Bun.spawn([...argv, "--database", `sqlite:${path}`], { stdout: "pipe" }));
    while (!both.every(({ pid }) => hasOpened(pid))) await Bun.sleep(5);
    lock.run("rollback");
    lock.close();
    const done = await Promise.all(both.map(({ stdout }) => stdout.text()));
    expect(await Promise.all(both.map(({ exited }) => exited))).toEqual([0, 0]);
    const place = `database  sqlite:${path}\n`;
    const all = `migrated  ${migrationNames.slice(1).join(", ")}\n`;
    expect(done.sort()).toEqual([`${place}${all}`, `${place}nothing to do\n`]);
    await older.close();
  },
);

// What the other engines do in one transaction.
test.if(testedEngine === "mysql")(
  "a migration that was ended in front of its last step is done by the next",
  async () => {
    const older = await olderStore(store.db, "0005-withheld-objects");
    try {
      await migrate(older.db, "");
      await sql`delete from migrations where name > '0005-withheld-objects'`.execute(older.db);
      // As who died with it would have left it.
      await sql`update migrations_lock set is_locked = 7`.execute(older.db);
      expect(await migrate(older.db, "")).toEqual(migrationNames.slice(5));
      expect(await migrate(older.db, "")).toEqual([]);
    } finally {
      await older.close();
    }
  },
);
