import { afterAll, beforeAll, expect, test } from "bun:test";
import { readUserKey, writeUserKey } from "@pstore/core/keys/user-key";
import { sshFingerprint } from "@pstore/core/ssh/public-key";
import { wire, wireString } from "@pstore/core/ssh/wire";
import { TestStore } from "../store-for-tests.ts";
import { decoyFor } from "./decoys.ts";

let store: TestStore;

beforeAll(async () => {
  store = await TestStore.make();
});
afterAll(() => store.close());

const signature = (key: Parameters<TestStore["sign"]>[0]) =>
  Uint8Array.from(Buffer.from(store.sign(key, "x", "login"), "base64"));

test("an SSH key is stood in for by the one that signed, if that is the one named, else by one of its algorithm", async () => {
  for (const type of ["rsa", "ed25519"] as const) {
    const made = await store.makeSshKey(type, "");
    const other = await store.makeSshKey(type, "");
    const own = await readUserKey(await decoyFor(made.key, signature(made.key)));
    expect(own.fingerprint).toBe(made.key);
    const decoy = await readUserKey(await decoyFor(made.key, signature(other.key)));
    expect([made.key, other.key]).not.toContain(decoy.fingerprint);
    expect(decoy.algorithm).toBe(type === "rsa" ? "rsa3072" : "ed25519");
  }
});

test("its type is that of the key named, whatever the signature looks like", async () => {
  const joe = await store.addUser("joe");
  const ssh = await store.makeSshKey("ed25519", "");
  expect((await readUserKey(await decoyFor(ssh.key, signature(joe.key)))).type).toBe("ssh");
  expect((await readUserKey(await decoyFor(joe.key, signature(ssh.key)))).type).toBe("openpgp");
  const openpgp = await readUserKey(await decoyFor(joe.key, signature(joe.key)));
  expect([openpgp.type, openpgp.algorithm]).toEqual(["openpgp", "ed25519"]);
  for (const garbage of [
    "",
    "SSHSIG",
    "SSHSIG\0\0\0\u0001\0\0\0\u0008",
    "SSHSIG\0\0\0\u0001\0\0\0\u0002ab",
    "x",
  ]) {
    for (const named of ["x", "ssh:", "ssh:x", ssh.key, joe.key]) {
      const bytes = Uint8Array.from(Buffer.from(garbage, "latin1"));
      expect((await readUserKey(await decoyFor(named, bytes))).type).toBe(
        named.startsWith("ssh:") ? "ssh" : "openpgp",
      );
    }
  }
});

test("what stands in an SSH signature is read as an SSH key or not at all, whatever fingerprint is named", async () => {
  const joe = await store.addUser("joe-too");
  const openpgp = await readUserKey(await decoyFor(joe.key, signature(joe.key)));
  for (const signer of [openpgp.bytes, Buffer.from(await writeUserKey(openpgp))]) {
    const blob = wire("SSHSIG", 1, wireString(Uint8Array.from(signer)));
    expect((await readUserKey(await decoyFor(sshFingerprint(signer), blob))).type).toBe("ssh");
  }
});
