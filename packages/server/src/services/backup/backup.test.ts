import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { testedEngine } from "../../database/fresh-for-tests.ts";
import type { SqliteLocation } from "../../database/location.ts";
import { migrationNames } from "../../database/migrations/list.ts";
import { olderStore } from "../../database/older-for-tests.ts";
import { openDatabase, openUnchecked } from "../../database/open.ts";
import { actor, bytes, type Draft, TestStore, type TestUser } from "../../store-for-tests.ts";
import { checkStore } from "../check/check.ts";
import { digestStore } from "../store-digest/store-digest.ts";
import { backUp } from "./back-up.ts";
import { restore } from "./restore.ts";

// The other engines have tools of their own.
describe.skipIf(testedEngine !== "sqlite")("a store in SQLite", () => {
  let store: TestStore;
  let location: SqliteLocation;
  let joe: TestUser;
  let draft: Draft;
  let token: string;
  let folder: string;

  beforeAll(async () => {
    store = await TestStore.make();
    location = store.location as SqliteLocation;
    joe = await store.addUser("joe");
    token = await store.signIn(joe);
    draft = store.draft(joe, "web1");
    await store.putSecret(draft, "password", bytes("first"));
    await store.committed(token, draft);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    folder = mkdtempSync("/tmp/p-");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const at = (name: string) => ({ engine: "sqlite", path: join(folder, name) }) as const;

  async function backedUp(name = "backup"): Promise<string> {
    const { path } = at(name);
    writeFileSync(path, "", { mode: 0o600 });
    await backUp(store.db, actor, location, { part: path, name: path });
    return path;
  }

  async function restored(from: string) {
    const { path } = at("restored");
    writeFileSync(path, "", { mode: 0o600 });
    return await restore(actor, from, { part: path, name: path });
  }

  test("a backup is the store as it was, sound, and says of itself that it was made", async () => {
    const { path } = at("backup");
    writeFileSync(path, "", { mode: 0o600 });
    const facts = await backUp(store.db, actor, location, { part: path, name: "/srv/copy.db" });
    expect(facts).toEqual({
      id: store.store.id,
      objects: 1,
      users: 1,
      newest: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(readdirSync(folder)).toEqual(["backup"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const copy = await openDatabase(at("backup"));
    try {
      expect(await checkStore(copy, store.store)).toEqual([]);
      expect(await digestStore(copy)).toEqual(await digestStore(store.db));
      const rows = await copy.selectFrom("audit").selectAll().where("action", "=", "backup").execute();
      expect(rows).toMatchObject([{ user_name: "cli:test", detail: "/srv/copy.db", outcome: "ok" }]);
    } finally {
      await copy.destroy();
    }
  });

  test("a store that is restored is the same, but for sessions, challenges and mails of the moment", async () => {
    await store.db
      .insertInto("mails")
      .values({
        ...{ id: crypto.randomUUID(), recipients: "[]", to_admins: 1, subject: "s", body: "b" },
        ...{ created: "2026", due: "2026", attempts: 0, last_error: "" },
      })
      .execute();
    const path = await backedUp();
    const before = await digestStore(store.db);
    expect(await restored(path)).toMatchObject({ id: store.store.id, objects: 1, migrated: [] });
    const made = await openDatabase(at("restored"));
    try {
      expect(await checkStore(made, store.store)).toEqual([]);
      const after = await digestStore(made);
      const others = ({ tables }: typeof after) => tables.filter(({ table }) => table !== "audit");
      expect(others(after)).toEqual(others(before));
      for (const table of ["sessions", "mails"] as const) {
        expect((await store.db.selectFrom(table).selectAll().execute()).length).toBeGreaterThan(0);
        expect(await made.selectFrom(table).selectAll().execute()).toEqual([]);
      }
      const { challenge_secret: secret } = await made
        .selectFrom("store")
        .selectAll()
        .executeTakeFirstOrThrow();
      expect(secret).not.toEqual(store.store.challenge_secret);
      const last = await made.selectFrom("audit").selectAll().orderBy("id", "desc").executeTakeFirst();
      expect(last).toMatchObject({ action: "restore store", detail: path });
    } finally {
      await made.destroy();
      await store.db.deleteFrom("mails").execute();
    }
  });

  test("a plain copy of the files is restored as well, with what lies beside the database", async () => {
    const { path } = at("plain");
    const open = await openDatabase(location);
    // What was written last stands in the journal alone.
    await sql`pragma wal_autocheckpoint = 0`.execute(open);
    await open.destroy();
    for (const suffix of ["", "-wal"]) cpSync(`${location.path}${suffix}`, `${path}${suffix}`);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    expect(await restored(path)).toMatchObject({ objects: 1, users: 1 });
  });

  test("the backup of an older version is brought up to this one", async () => {
    const older = await olderStore(store.db, "0008-check-runs");
    const { path } = at("older");
    await sql`vacuum into ${path}`.execute(older.db);
    await older.close();
    const { migrated } = await restored(path);
    expect(migrated).toEqual(migrationNames.filter((name) => name > "0008-check-runs"));
    const made = await openDatabase(at("restored"));
    try {
      expect(await checkStore(made, store.store)).toEqual([]);
    } finally {
      await made.destroy();
    }
  });

  test("what is no store, damaged, or of a newer version is refused in a sentence", async () => {
    const { path } = at("other");
    writeFileSync(path, "no database, but as long as the first hundred bytes of one are".repeat(40));
    await expect(restored(path)).rejects.toThrow(`${path} is no database of SQLite`);
    rmSync(at("restored").path);

    const foreign = await backedUp("foreign");
    const db = await openUnchecked(at("foreign"));
    await sql`drop table migrations`.execute(db);
    await db.destroy();
    await expect(restored(foreign)).rejects.toThrow(`${foreign} is not a pstore store`);
    rmSync(at("restored").path);

    const newer = await backedUp("newer");
    const changed = await openUnchecked(at("newer"));
    await sql`insert into migrations values ('9999-later', '')`.execute(changed);
    await changed.destroy();
    await expect(restored(newer)).rejects.toThrow("used by a newer pstore-server (it has '9999-later')");
    rmSync(at("restored").path);

    const damaged = await backedUp("damaged");
    const fd = await Bun.file(damaged).bytes();
    fd.fill(0xff, 4096, 8192);
    writeFileSync(damaged, fd);
    await expect(restored(damaged)).rejects.toThrow(/damaged/);
  });
});
