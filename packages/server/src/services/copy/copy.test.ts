import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { sql } from "kysely";
import { type FreshDatabase, freshDatabase, testedEngine } from "../../database/fresh-for-tests.ts";
import { createTables } from "../../database/migrate.ts";
import { createDatabase } from "../../database/open.ts";
import type { StoreDatabase } from "../../database/store-database.ts";
import { actor, bytes, TestStore } from "../../store-for-tests.ts";
import { theStore } from "../accounts.ts";
import { checkStore } from "../check/check.ts";
import { digestStore } from "../store-digest/store-digest.ts";
import { copyStore } from "./copy.ts";

// From the engine of the run to one more of the same, and to SQLite; e2e/engines.test.ts goes through all of them.
const engines = [...new Set([testedEngine, "sqlite" as const])];

let store: TestStore;
let fresh: FreshDatabase;
let target: StoreDatabase;

beforeAll(async () => {
  store = await TestStore.make();
  const joe = await store.addUser("joe");
  const token = await store.signIn(joe);
  const draft = store.draft(joe, "web1");
  await store.putSecret(draft, "password", bytes("first"));
  store.putPublic(draft, "note", bytes("ä 😀 \\ ' \" \n%_"));
  await store.committed(token, draft);
});
afterAll(() => store.close());
beforeEach(() => make(testedEngine));
afterEach(drop);

async function make(engine: typeof testedEngine): Promise<void> {
  fresh = await freshDatabase(engine);
  target = await createDatabase(fresh.location);
  await createTables(target);
}

async function drop(): Promise<void> {
  await target.destroy();
  await fresh.drop();
}

/** Copies, with something that happens at each step. */
async function copied(happens: (what: string, end: (reason: Error) => void) => void = () => {}) {
  const end = new AbortController();
  const tell = (what: string) => happens(what, (reason) => end.abort(reason));
  const from = { db: store.db, name: "the old" };
  return await copyStore(from, { db: target, name: "the new" }, actor, { signal: end.signal, tell });
}

/** Why a copy fails. (Bun's `rejects` lets five seconds go by where work awaits both sockets and `setImmediate`.) */
async function failureOf(copying: Promise<unknown>): Promise<unknown> {
  const nothing = {};
  const failure = await copying.then(
    () => nothing,
    (error: unknown) => error,
  );
  expect(failure).not.toBe(nothing);
  return failure;
}

for (const engine of engines) {
  test(`a copy in ${engine} is the same store, sound, without sessions, and with challenges of its own`, async () => {
    await drop();
    await make(engine);
    const { digest, ...facts } = await copied();
    expect(facts).toMatchObject({ id: store.store.id, objects: 1, users: 1 });
    expect(digest).toEqual(await digestStore(store.db));
    expect(digest).toEqual(await digestStore(target));
    expect(await checkStore(target, await theStore(target))).toEqual([]);
    expect((await store.db.selectFrom("sessions").selectAll().execute()).length).toBeGreaterThan(0);
    expect(await target.selectFrom("sessions").selectAll().execute()).toEqual([]);
    expect((await theStore(target)).challenge_secret).not.toEqual(store.store.challenge_secret);
    const rows = await target.selectFrom("audit").selectAll().where("action", "=", "copy store").execute();
    expect(rows.at(-1)).toMatchObject({ user_name: "cli:test", detail: "the new", outcome: "ok" });
  });
}

test("what is written while it is copied is not in the copy, nor in the digest", async () => {
  const before = (await store.db.selectFrom("users").select("id").execute()).length;
  const users: Promise<unknown>[] = [];
  const { digest } = await copied((what) => {
    if (what === "copied: 1 rows of objects" && users.length === 0)
      users.push(store.addUser(`later-${testedEngine}`));
  });
  expect(users.length).toBe(1);
  await Promise.all(users);
  expect((await store.db.selectFrom("users").select("id").execute()).length).toBe(before + 1);
  expect((await target.selectFrom("users").select("id").execute()).length).toBe(before);
  expect(digest).toEqual(await digestStore(target));
  expect(digest).not.toEqual(await digestStore(store.db));
});

test("one that is ended at any step is no store yet", async () => {
  const reason = new Error("enough");
  for (const step of ["copied: 0 rows of uploads", "compared: 1 rows of objects"]) {
    expect(await failureOf(copied((what, end) => what === step && end(reason)))).toBe(reason);
    await expect(theStore(target)).rejects.toThrow("the tables of a store and no store in them");
    await drop();
    await make(testedEngine);
  }
});

test("a copy that does not hold what was written to it is none", async () => {
  const failure = await failureOf(
    copied((what) => {
      if (what === "compared: 1 rows of objects") void sql`update properties set size = 17`.execute(target);
    }),
  );
  expect(String(failure)).toContain(
    "the new does not hold in properties what was read from the old and written there",
  );
  await expect(theStore(target)).rejects.toThrow("no store in them");
});

test("rows that the other engine refuses are named by their table", async () => {
  await sql`drop table wrapped_keys`.execute(target);
  expect(String(await failureOf(copied()))).toMatch(
    /: rows of wrapped_keys cannot be written to the new \(.+\); see to/,
  );
});
