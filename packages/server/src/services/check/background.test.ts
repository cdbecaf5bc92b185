import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { openDatabase } from "../../database/open.ts";
import { timeText } from "../../database/schema.ts";
import { actor, TestStore, type TestUser } from "../../store-for-tests.ts";
import { BackgroundCheck } from "./background.ts";
import { readCheckResult } from "./check-result.ts";

let store: TestStore;
let joe: TestUser;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  const token = await store.signIn(joe);
  for (const name of ["web1", "web2"]) await store.committed(token, store.draft(joe, name));
});
afterEach(async () => {
  await store.db.deleteFrom("check_runs").execute();
});
afterAll(() => store.close());

const patience = 60_000;
const runs = () => store.db.selectFrom("check_runs").selectAll().orderBy("started").execute();

async function checkActions(): Promise<string[]> {
  return (await store.audit())
    .filter(({ action }) => action === "check")
    .map(({ user_name: user, detail }) => `${user}: ${detail}`);
}

test("a check is made once at a time, over all servers, and the next one replaces it", async () => {
  const otherDb = await openDatabase(store.location);
  const other = new BackgroundCheck({ db: otherDb, store: store.store }, (line) => store.log.push(line));
  try {
    const begun = await Promise.all([store.checks, other, store.checks].map((one) => one.begin(actor)));
    expect(begun.filter((one) => one)).toHaveLength(1);
    await Promise.all([store.checks.wait(patience), other.wait(patience)]);
    const [first, ...rest] = await runs();
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ running: null, finished: expect.any(String) });
    expect(readCheckResult(first?.result ?? "")).toMatchObject({ objects: 2, faults: { count: 0 } });
    expect(await other.begin(actor)).toBe(true);
    await other.wait(patience);
    expect((await runs()).map(({ id }) => id)).not.toContain(first?.id);
    expect(await runs()).toHaveLength(1);
    expect(await checkActions()).toEqual([
      ...["cli:test: begun", "cli:test: 0 faults", "cli:test: begun", "cli:test: 0 faults"],
    ]);
  } finally {
    await other.stop();
    await otherDb.destroy();
  }
});

async function insertRun(alive: Date): Promise<void> {
  const time = timeText(alive);
  await store.db
    .insertInto("check_runs")
    .values({ id: "other", running: 1, started: time, alive: time, finished: null, result: "" })
    .execute();
}

test("a run that was heard of a minute ago goes on; one that was not for long is taken over", async () => {
  await insertRun(new Date(Date.now() - 60_000));
  expect(await store.checks.begin(actor)).toBe(false);
  await store.db.deleteFrom("check_runs").execute();
  await insertRun(new Date(Date.now() - 600_000));
  expect(await store.checks.begin(actor)).toBe(true);
  await store.checks.wait(patience);
  expect((await runs()).map(({ id, running }) => [id === "other", running])).toEqual([[false, null]]);
});

test("who was taken for dead says nothing more", async () => {
  expect(await store.checks.begin(actor)).toBe(true);
  await store.db.deleteFrom("check_runs").execute();
  await insertRun(new Date());
  await store.checks.wait(patience);
  expect((await runs()).map(({ id, running }) => [id, running])).toEqual([["other", 1]]);
});

test("a server that stops breaks its check off, leaves none behind, and begins no other", async () => {
  const checks = new BackgroundCheck(store, (line) => store.log.push(line));
  expect(await checks.begin(actor)).toBe(true);
  await checks.stop();
  expect(await runs()).toEqual([]);
  expect(await checks.begin(actor)).toBe(false);
  const late = new BackgroundCheck(store, (line) => store.log.push(line));
  const begun = late.begin(actor);
  await late.stop();
  expect([await begun, await runs()]).toEqual([true, []]);
  expect(store.log).toEqual([]);
});

test("a check that fails is said to have failed, and does not lose what the last one found", async () => {
  await store.checks.begin(actor);
  await store.checks.wait(patience);
  const lines: string[] = [];
  const failing = new BackgroundCheck(store, (line) => lines.push(line));
  const { db } = store;
  await db.schema.alterTable("members").renameTo("elsewhere").execute();
  try {
    await failing.begin(actor);
    await failing.wait(patience);
  } finally {
    await db.schema.alterTable("elsewhere").renameTo("members").execute();
  }
  expect(lines).toEqual([
    expect.stringMatching(/^the consistency check was not brought to its end: .*members/),
  ]);
  expect(
    (await runs()).map(({ result, finished, running }) => [result !== "", finished !== null, running]),
  ).toEqual([
    [true, true, null],
    [false, true, null],
  ]);
  await store.checks.begin(actor);
  await store.checks.wait(patience);
  expect(await runs()).toHaveLength(1);
});

test("a server checks by itself once a day", async () => {
  const tomorrow = new Date(Date.now() + 90_000_000);
  await store.checks.beginWhenDue();
  await store.checks.wait(patience);
  const [first] = await runs();
  expect((await checkActions()).at(-1)).toBe("server:check: 0 faults");
  await store.checks.beginWhenDue();
  expect((await runs()).map(({ id }) => id)).toEqual([first?.id ?? ""]);
  await store.checks.beginWhenDue(tomorrow);
  await store.checks.wait(patience);
  expect((await runs()).map(({ id }) => id)).not.toEqual([first?.id ?? ""]);
});

test("others have their turn all the time while a check goes on", async () => {
  let turns = 0;
  let isOver = false;
  await store.checks.begin(actor);
  const ended = store.checks.wait(patience).then(() => {
    isOver = true;
  });
  while (!isOver) {
    await store.db.selectFrom("users").select("id").execute();
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  await ended;
  expect(turns).toBeGreaterThan(3);
});
