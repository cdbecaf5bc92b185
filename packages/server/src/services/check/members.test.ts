import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { readable } from "@pstore/core/fingerprint";
import { actor, type Draft, TestStore, type TestUser } from "../../store-for-tests.ts";
import { changeState } from "../accounts.ts";
import { addKey, removeKey } from "../keys.ts";
import { checkStore } from "./check.ts";
import { checkKeys } from "./keys.ts";

// Each solution is followed here as far as an admin does it; what a writer does, e2e/check-solutions.test.ts does.

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let draft: Draft;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  draft = store.draft(joe, "web1", { ann: [ann, "read"] });
  await store.putSecret(draft, "password", new Uint8Array([1, 2, 3]));
  await store.committed(await store.signIn(joe), draft);
});
afterAll(() => store.close());

async function faults(): Promise<[fault: string, solution: string][]> {
  const found = await checkStore(store.db, store.store);
  expect(found.map((one) => [one.kind, one.where])).toEqual(found.map(() => ["member", "web1"]));
  return found.map(({ fault, solution }) => [fault, solution]);
}

const change = (name: string, state: "disable" | "enable" | "remove") =>
  changeState(store.db, actor, name, state);
const register = ({ name, block }: TestUser) =>
  addKey(store.db, actor, { user: name, block, writeOnly: false, description: "" });

test("a disabled member is revoked, or let in again", async () => {
  await change("ann", "disable");
  expect(await faults()).toEqual([
    [
      "the user ann is disabled (revoke with ^ann)",
      "a writer revokes the member: pstore web1 ^ann; or let ann in again: pstore-server user enable ann",
    ],
  ]);
  await change("ann", "enable");
  expect(await faults()).toEqual([]);
});

test("where nobody can write, that comes first: a disabled writer is let in again", async () => {
  await change("ann", "disable");
  await change("joe", "disable");
  const [nobody, ...others] = await faults();
  expect(nobody).toEqual([
    "nobody can write it: no writer is an active user with a listed key that signs",
    "let joe in again: pstore-server user enable joe",
  ]);
  expect(others.map(([, solution]) => solution.split(":")[0])).toEqual([
    "once somebody can write it again, a writer revokes the member",
    "once somebody can write it again, a writer revokes the member",
  ]);
  await change("joe", "enable");
  await change("ann", "enable");
  expect(await faults()).toEqual([]);
});

test("a writer whose listed key was removed signs nothing with another one, until it is added again", async () => {
  await removeKey(store.db, actor, joe.key);
  await store.addKey("joe", "joe2");
  const [nobody, member] = await faults();
  expect(nobody?.[1]).toMatch(
    /^add the key [0-9A-F ]+ of joe again, extended if expired: pstore-server key add joe FILE$/,
  );
  expect(member?.[1]).toBe("once somebody can write it again, a writer runs pstore --rewrap=joe");
  await register(joe);
  expect(await faults()).toEqual([]);
});

test("a reader with another key than the one listed is given access anew, one without any is revoked or given one", async () => {
  await removeKey(store.db, actor, ann.key);
  expect((await faults())[0]?.[1]).toBe(
    "a writer revokes the member: pstore web1 ^ann; or keeps them without a key: pstore web1 +ann:read --pending; or add a usable key: pstore-server key add ann FILE, and then pstore --rewrap=ann",
  );
  await store.addKey("ann", "ann2");
  expect((await faults())[0]?.[1]).toBe("a writer runs pstore --rewrap=ann");
  await register(ann);
  expect(await faults()).toEqual([]);
});

test("an SSH key that was removed is added again, and never extended", async () => {
  const ssh = await store.addSshUser("ssh", "ed25519");
  const token = await store.signIn(ssh);
  const own = store.draft(ssh, "web1 of ssh");
  await store.putSecret(own, "password", new Uint8Array([1]));
  await store.committed(token, own);
  expect(await checkStore(store.db, store.store)).toEqual([]);
  await removeKey(store.db, actor, ssh.key);
  const [nobody, member] = await checkStore(store.db, store.store);
  expect(nobody?.solution).toBe(
    `add the key ${ssh.key.slice(4)} of ssh again: pstore-server key add ssh FILE`,
  );
  expect(member?.fault).toBe(
    `ssh has no usable key: ssh's key ${ssh.key.slice(4)} is not registered at this store any more (revoke with ^ssh, keep ssh waiting with --pending, or have a usable key added)`,
  );
  await register(ssh);
  expect(await checkStore(store.db, store.store)).toEqual([]);
});

test("a reader with nothing but a write-only key left cannot be given access anew, and is named among users without a usable key", async () => {
  const ana = await store.addUser("ana");
  const host = await store.addUser("host", { writeOnly: true });
  const token = await store.signIn(ana);
  const own = store.draft(ana, "db9", { joe: [joe, "write"] });
  await store.committed(token, own);
  const writeOnly = await store.addKey("ana", "ana's host", true);
  expect(await checkStore(store.db, store.store)).toEqual([]);
  const keyless = async () => (await checkKeys(store.db, new Date(), async () => {})).keyless;
  expect(await keyless()).toEqual([]);
  const file = `${store.gpg.path}/openpgp-revocs.d/${ana.key.slice("openpgp:".length)}.rev`;
  store.gpg.run(["--import"], readFileSync(file, "utf8").replace(":---", "---"));
  const block = store.gpg.run(["--export", ana.key.slice("openpgp:".length)]);
  await register({ ...ana, block });
  expect(await checkStore(store.db, store.store)).toEqual([
    {
      ...{ kind: "member", where: "db9" },
      fault: `ana has no usable key that reads: ana's key ${readable(ana.key)} cannot be used: it is revoked (revoke with ^ana, keep ana waiting with --pending, or have a usable key that reads added)`,
      solution:
        "a writer revokes the member: pstore db9 ^ana; or keeps them without a key: pstore db9 +ana --pending; or add a usable key that reads: pstore-server key add ana FILE, and then pstore --rewrap=ana",
    },
  ]);
  expect(await keyless()).toEqual([{ user: "ana", keys: 2, writes: true }]);
  await removeKey(store.db, actor, writeOnly.key);
  expect(await keyless()).toEqual([{ user: "ana", keys: 1, writes: false }]);
  await store.addKey("ana", "ana2");
  expect((await checkStore(store.db, store.store))[0]?.solution).toBe("a writer runs pstore --rewrap=ana");
  await removeKey(store.db, actor, host.key);
  expect(await keyless()).toEqual([{ user: "host", keys: 0, writes: false }]);
  const members = new Map([...own.manifest.members].filter(([name]) => name !== "ana"));
  const revoked = store.next(own, joe, { members });
  const joes = await store.signIn(joe);
  await store.committed(joes, revoked);
  expect(await checkStore(store.db, store.store)).toEqual([]);
  await store.committed(joes, store.next(revoked, joe, { deleted: true }));
});

test("what is wrong with many machines in the same way is one fault, with one command for all", async () => {
  const [max, eve] = [await store.addUser("max"), await store.addUser("eve")];
  const further = await store.addKey("max", "max2");
  const both = { ...max, keys: new Map([...max.keys, ...further.keys]) };
  const token = await store.signIn(max);
  const names = [1, 2, 3, 4, 5, 6, 7].map((number) => `max${number}`);
  for (const [at, name] of names.entries())
    await store.committed(token, store.draft(both, name, at === 0 ? { eve: [eve, "write"] } : {}));
  await removeKey(store.db, actor, further.key);
  const fault = `max's key ${readable(further.key)} is not registered at this store any more (the change must use max's present keys)`;
  const [shared, alone, ...others] = await checkStore(store.db, store.store);
  expect(others).toEqual([]);
  expect(shared).toEqual({
    ...{ kind: "member", where: "max1", fault },
    solution: "max runs pstore --rewrap, or a writer runs pstore --rewrap=max",
  });
  expect(alone).toEqual({
    ...{ kind: "member", where: "max2, max3, max4, max5, max6 and 1 more", fault },
    solution: "max runs pstore --rewrap",
  });
  await change("max", "disable");
  const [nobody, disabled, lone] = (await checkStore(store.db, store.store)).reverse();
  expect(nobody?.solution).toBe(
    "once somebody can write them again, a writer of each revokes the member: pstore --offboard max; or let max in again: pstore-server user enable max",
  );
  expect(disabled?.where).toBe("max2, max3, max4, max5, max6 and 1 more");
  expect(lone).toMatchObject({ where: "max1", solution: expect.stringContaining("pstore max1 ^max") });
  await change("max", "enable");
  await register(further);
  expect(await checkStore(store.db, store.store)).toEqual([]);
});

test("of a deleted machine nobody's standing matters; when it is back, and its only writer gone, that is said", async () => {
  const token = await store.signIn(joe);
  await change("ann", "remove");
  const deleted = store.next(draft, joe, { deleted: true });
  await store.committed(token, deleted);
  expect(await faults()).toEqual([]);
  const members = new Map([...draft.manifest.members].filter(([name]) => name !== "ann"));
  await store.committed(token, store.next(deleted, joe, { deleted: false, members }));
  expect(await faults()).toEqual([]);
  await change("joe", "remove");
  expect((await faults()).map(([, solution]) => solution)).toEqual([
    "all of its writers were removed, so it can never be changed again: whoever reads 'web1' puts its values into a new machine",
    "once somebody can write it again, a writer revokes the member: pstore web1 ^joe",
  ]);
});
