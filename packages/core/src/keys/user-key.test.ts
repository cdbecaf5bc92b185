import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { GnupgHome, refusal } from "../openpgp/gnupg-for-tests.ts";
import { SshFolder } from "../ssh/ssh-for-tests.ts";
import { assertMayStillSign, verifySignature } from "./signature.ts";
import { bytesOfKey } from "./stored.ts";
import { encryptionSubkey, expiresWithin, signingParts } from "./usability.ts";
import { isIntroducedBy, mergeUserKeys, readUserKey, type UserKey, writeUserKey } from "./user-key.ts";
import { checkWrappedKey, wrapFor } from "./wrapped-key.ts";

const home = new GnupgHome();
const folder = new SshFolder();
const now = new Date();
const sessionKey = new Uint8Array(32).fill(7);
let openpgp: UserKey;
let ssh: UserKey;
beforeAll(async () => {
  home.generate("alice", "ed25519", "cert,sign", "never", [["cv25519", "encr", "never"]]);
  folder.generate("ssh", ["-t", "ed25519"]);
  openpgp = await readUserKey(home.run(["--armor", "--export", "alice@example.com"]));
  ssh = await readUserKey(folder.read("ssh.pub"));
}, 60_000);
afterAll(() => {
  home.close();
  folder.close();
});

describe("a user's key", () => {
  test("is of the type that it looks like, as text and as bytes, and is stored as text of its own kind", async () => {
    expect([openpgp.type, ssh.type]).toEqual(["openpgp", "ssh"]);
    for (const key of [openpgp, ssh]) {
      const stored = await writeUserKey(key);
      expect(stored).toStartWith(
        key.type === "ssh" ? "ssh-ed25519 AAAA" : "-----BEGIN PGP PUBLIC KEY BLOCK-----",
      );
      for (const form of [stored, Buffer.from(stored), key.bytes])
        expect((await readUserKey(form)).fingerprint).toBe(key.fingerprint);
      expect(Uint8Array.from(bytesOfKey(stored))).toEqual(key.bytes);
    }
  });

  test("is merged with a copy of itself alone", async () => {
    for (const key of [openpgp, ssh])
      expect(await mergeUserKeys(key, key)).toMatchObject({ fingerprint: key.fingerprint });
    for (const [a, b] of [
      [openpgp, ssh],
      [ssh, openpgp],
    ] as const)
      expect(await refusal("unusable-key", () => mergeUserKeys(a, b))).toContain("are different keys");
  });

  test("of SSH speaks for no other, and no other for it", async () => {
    for (const [a, b] of [
      [openpgp, ssh],
      [ssh, openpgp],
      [ssh, ssh],
    ] as const)
      expect(await isIntroducedBy(a, b)).toBe(false);
    expect(await isIntroducedBy(openpgp, openpgp)).toBe(true);
  });

  test("of SSH is good for everything, for ever", () => {
    expect(encryptionSubkey(ssh, now, "it").fingerprint).toBe(ssh.fingerprint);
    expect(signingParts(ssh, now, "it").map(({ fingerprint }) => fingerprint)).toEqual([ssh.fingerprint]);
    expect(expiresWithin(ssh, 36_500, now)).toBeNull();
    assertMayStillSign(ssh, ssh.fingerprint, now, "it");
  });

  test("gets wrapped keys of its kind, which pass for no key of the other", async () => {
    for (const [key, other] of [
      [openpgp, ssh],
      [ssh, openpgp],
    ] as const) {
      const part = encryptionSubkey(key, now, "it").fingerprint;
      const wrapped = await wrapFor(key, part, sessionKey);
      checkWrappedKey(wrapped, part);
      const wrong = encryptionSubkey(other, now, "it").fingerprint;
      await refusal("bad-wrapped-key", () => checkWrappedKey(wrapped, wrong));
      await refusal("unusable-key", () => wrapFor(key, wrong, sessionKey));
    }
  });

  test("signs for one purpose, with a signature that passes for no key of the other kind", async () => {
    const text = "pstore login 1\n";
    const user = `${home.fingerprint("alice")}!`;
    const byGpg = home.run(["-u", user, "--no-armor", "--digest-algo", "SHA512", "--detach-sign"], text);
    const bySsh = (await folder.privateKey("ssh")).sign(Buffer.from(text), "login");
    const signed = { text, purpose: "login" } as const;
    expect(await verifySignature(openpgp, signed, byGpg)).toEqual({ signedBy: openpgp.fingerprint });
    expect(await verifySignature(ssh, signed, bySsh)).toEqual({ signedBy: ssh.fingerprint });
    await refusal("bad-signature", () => verifySignature(openpgp, signed, bySsh));
    await refusal("bad-signature", () => verifySignature(ssh, signed, byGpg));
    await refusal("bad-signature", () => verifySignature(ssh, { text, purpose: "commit" }, bySsh));
  });
});
