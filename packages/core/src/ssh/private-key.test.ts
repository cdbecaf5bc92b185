import { afterAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readSshPrivateKey, WrongPassphrase } from "./private-key.ts";
import { SshFolder } from "./ssh-for-tests.ts";
import { verifySshsig } from "./sshsig.ts";
import { wrapForSsh } from "./wrapped-key.ts";

const folder = new SshFolder();
afterAll(() => folder.close());

const passphrase = "päss wörd";
const data = new TextEncoder().encode("pstore commit 1\n");

const ciphers = [
  "3des-cbc",
  "aes128-cbc",
  "aes192-cbc",
  "aes256-cbc",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
];

/** Name, how ssh-keygen makes it, its passphrase, whether its public part can be read without it. */
const forms: [name: string, args: string[], passphrase: string, isPublicKnown: boolean][] = [
  ["ed25519", ["-t", "ed25519"], "", true],
  ["rsa", ["-t", "rsa", "-b", "2048"], "", true],
  ["rsa-3072", ["-t", "rsa", "-b", "3072"], passphrase, true],
  ...ciphers.flatMap((cipher): typeof forms => [
    [`ed25519-${cipher}`, ["-t", "ed25519", "-a", "2", "-Z", cipher], passphrase, true],
    [`rsa-${cipher}`, ["-t", "rsa", "-b", "2048", "-a", "2", "-Z", cipher], passphrase, true],
  ]),
  ["rsa-pem", ["-t", "rsa", "-b", "2048", "-m", "PEM"], "", true],
  ["rsa-pem-locked", ["-t", "rsa", "-b", "2048", "-m", "PEM"], passphrase, false],
  ["rsa-pkcs8", ["-t", "rsa", "-b", "2048", "-m", "PKCS8"], "", true],
  ["rsa-pkcs8-locked", ["-t", "rsa", "-b", "2048", "-m", "PKCS8"], passphrase, false],
];

for (const [name, args, secret, isPublicKnown] of forms) {
  test(`${name} is unlocked, signs and unwraps`, async () => {
    folder.generate(name, args, secret);
    const publicKey = folder.publicKey(name);
    const locked = readSshPrivateKey(folder.read(name));
    expect(locked.isEncrypted).toBe(secret !== "");
    expect(locked.publicKey?.fingerprint).toBe(isPublicKnown ? publicKey.fingerprint : undefined);
    if (secret !== "") {
      for (const wrong of ["wrong", "", null])
        await expect(locked.unlock(wrong)).rejects.toBeInstanceOf(WrongPassphrase);
    }
    const key = await locked.unlock(secret === "" ? null : secret);
    expect(key.publicKey.fingerprint).toBe(publicKey.fingerprint);
    verifySshsig(publicKey, data, "commit", key.sign(data, "commit"));
    const sessionKey = Uint8Array.from(randomBytes(32));
    expect(await key.unwrap(await wrapForSsh(publicKey, sessionKey))).toEqual(sessionKey);
  }, 30_000);
}
