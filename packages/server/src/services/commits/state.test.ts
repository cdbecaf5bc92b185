import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Draft, TestStore, type TestUser } from "../../store-for-tests.ts";
import { type Caller, callerOf } from "../sessions.ts";
import { readChanges } from "./request.ts";
import { partsOf } from "./state.ts";

let store: TestStore;
let joe: TestUser;
let token: string;
let caller: Caller;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  token = await store.signIn(joe);
  caller = await callerOf(store.db, token, "");
});
afterAll(() => store.close());

async function machines(name: string, count: number): Promise<Draft[]> {
  const drafts = Array.from({ length: count }, (_, n) => store.draft(joe, `${name}${n}`));
  await store.committed(token, ...drafts);
  return drafts.map((draft) => store.next(draft, joe));
}

async function parts(drafts: readonly Draft[]): Promise<number[]> {
  const changes = readChanges(store.store, caller, store.request(drafts), store.limits.maxUploadSize);
  return [...(await partsOf(store.db, changes))].map((part) => part.length);
}

/** Makes a manifest large with white space, which is good JSON: without thousands of keys. */
async function widen(id: string): Promise<void> {
  const of = await store.db
    .selectFrom("revisions")
    .select("manifest")
    .where("object_id", "=", id)
    .executeTakeFirstOrThrow();
  await store.db
    .updateTable("revisions")
    .set({ manifest: of.manifest + " ".repeat(7 * 1024 * 1024) })
    .where("object_id", "=", id)
    .execute();
}

test("a commit is applied in parts of many small machines, and of few whose manifests are large", async () => {
  const small = await machines("small", 501);
  expect(await parts(small)).toEqual([500, 1]);
  const large = await machines("large", 10);
  for (const { manifest } of large) await widen(manifest.object.id);
  expect(await parts(large)).toEqual([4, 4, 2]);
  await store.committed(token, ...small, ...large);
  const revisions = await store.db.selectFrom("objects").select("revision").distinct().execute();
  expect(revisions).toEqual([{ revision: 2 }]);
});
