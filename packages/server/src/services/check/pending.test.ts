import { afterAll, beforeAll, expect, test } from "bun:test";
import { actor, type Draft, TestStore, type TestUser } from "../../store-for-tests.ts";
import { changeState } from "../accounts.ts";
import { standingOf } from "../standing.ts";
import { checkStore } from "./check.ts";

let store: TestStore;
let joe: TestUser;
let eve: TestUser;
let draft: Draft;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  eve = { ...(await store.addUser("eve")), keys: new Map() };
  draft = store.draft(joe, "web1", { eve: [eve, "write"] });
  await store.committed(await store.signIn(joe), draft);
});
afterAll(() => store.close());

async function faults(): Promise<[fault: string, solution: string][]> {
  return (await checkStore(store.db, store.store)).map(({ fault, solution }) => [fault, solution]);
}

const change = (name: string, state: "disable" | "enable" | "remove") =>
  changeState(store.db, actor, name, state);

test("a pending member is no fault, also with a usable key by now; a disabled one is", async () => {
  expect(await faults()).toEqual([]);
  await change("eve", "disable");
  expect(await faults()).toEqual([
    [
      "the user eve is disabled (revoke with ^eve)",
      "a writer revokes the member: pstore web1 ^eve; or let eve in again: pstore-server user enable eve",
    ],
  ]);
  await change("eve", "enable");
});

test("what depends on a user does so although somebody waits to be let in", async () => {
  const { machines } = await standingOf(store.db, "joe");
  expect(machines).toEqual([
    { name: "web1", access: "write", pending: false, onlyMember: true, onlyWriter: true },
  ]);
  expect((await standingOf(store.db, "eve")).machines).toEqual([
    { name: "web1", access: "write", pending: true, onlyMember: false, onlyWriter: false },
  ]);
});

test("a pending writer makes nobody a writer, so no key of theirs is asked for", async () => {
  await change("joe", "disable");
  expect((await faults())[0]?.[1]).toBe("let joe in again: pstore-server user enable joe");
  await change("joe", "enable");
  const members = new Map(draft.manifest.members).set("joe", { access: "write", keys: new Map() });
  await store.committed(await store.signIn(joe), store.next(draft, joe, { members }));
  expect(await faults()).toEqual([
    [
      "nobody can write it: no writer is an active user with a listed key that signs",
      "all of its writers were removed, or wait to be let in by one, so it can never be changed again: whoever reads 'web1' puts its values into a new machine",
    ],
  ]);
});
