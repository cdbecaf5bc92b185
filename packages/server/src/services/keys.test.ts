import { afterAll, beforeAll, expect, test } from "bun:test";
import { migrate } from "../database/migrate.ts";
import { olderStore } from "../database/older-for-tests.ts";
import { actor, TestStore, type TestUser } from "../store-for-tests.ts";
import { editUser } from "./accounts.ts";
import { pageOfKeys } from "./key-list.ts";
import { addKey, allKeys, checkKey } from "./keys.ts";

let store: TestStore;
let ann: TestUser;

beforeAll(async () => {
  store = await TestStore.make();
  ann = await store.addSshUser("ann", "ed25519");
});
afterAll(() => store.close());

const add = (user: string, line: string | Uint8Array, writeOnly = false) =>
  addKey(store.db, actor, { user, block: Buffer.from(line), writeOnly, description: "" });

async function commentOf(user: string): Promise<readonly string[] | undefined> {
  return (await allKeys(store.db, user))[0]?.publicKey.userIds;
}

test("the comment of an SSH key is the last one that was given with it", async () => {
  const [type, base64] = Buffer.from(ann.block).toString().split(" ");
  expect(await commentOf("ann")).toEqual(["ann@example.com"]);
  expect((await add("ann", `${type} ${base64}`)).known).toBe(true);
  expect(await commentOf("ann")).toEqual(["ann@example.com"]);
  await add("ann", `# new\n${type}  ${base64}  a laptop \r\n`);
  expect(await commentOf("ann")).toEqual(["a laptop"]);
});

test("an SSH key has one user and one purpose, and encrypts with itself", async () => {
  await store.addUser("bob");
  await expect(add("bob", ann.block)).rejects.toThrow("is or was ann's");
  await expect(add("ann", ann.block, true)).rejects.toThrow("registered for reading; remove it first");
  const { line, key } = await store.makeSshKey("rsa", "");
  const checked = await checkKey({
    user: "bob",
    block: Buffer.from(line),
    writeOnly: false,
    description: "",
  });
  expect(checked.encrypts?.fingerprint).toBe(key);
  expect((await add("bob", line, true)).encrypts).toBeNull();
});

test("keys of a store of an older version are found by their user ids once it is migrated", async () => {
  await store.addUser("zoe");
  const older = await olderStore(store.db, "0009-mail");
  try {
    await migrate(older.db, "");
    const found = async (text: string) =>
      (await pageOfKeys(older.db, text, null)).keys.map(({ user }) => user);
    expect(await found("ZOE@example.com")).toEqual(["zoe"]);
    expect(await found("a laptop")).toEqual(["ann"]);
  } finally {
    await older.close();
  }
});

test("an e-mail address is one, or none", async () => {
  const edit = { fullName: "", staff: false, superuser: false, viewAny: false };
  for (const email of [
    "ann",
    "ann@",
    "ann@example.com, bob@example.com",
    "ann@example.com\nBcc: eve@example.com",
  ])
    await expect(editUser(store.db, actor, "ann", { ...edit, email })).rejects.toThrow("e-mail address");
  for (const email of ["ann+pstore@example.com", "ann@localhost", ""])
    await editUser(store.db, actor, "ann", { ...edit, email });
});
