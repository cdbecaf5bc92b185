/** Every form of private key that ssh-keygen writes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readSshPrivateKey, WrongPassphrase } from "./private-key.ts";
import { SshFolder } from "./ssh-for-tests.ts";
import { verifySshsig } from "./sshsig.ts";
import { wrapForSsh } from "./wrapped-key.ts";

const folder = new SshFolder();
beforeAll(() => folder.generate("rsa", ["-t", "rsa", "-b", "2048"]), 60_000);
afterAll(() => folder.close());

const passphrase = "päss wörd";
const data = new TextEncoder().encode("pstore commit 1\n");
/** Makes no new key, which takes long, but writes the one of RSA in another form. */
const rsa: string[] = [];
const ed25519 = ["-t", "ed25519"];
/** Those that ssh-keygen itself lists for `-Z`. */
const ciphers = folder.run("ssh", ["-Q", "cipher"]).toString().trim().split("\n");

/** Name, how ssh-keygen makes it, its passphrase. Ed25519 has no PEM but PKCS #8, which only newer ones write. */
const forms: [name: string, args: string[], passphrase: string][] = [
  ["ed25519", ed25519, ""],
  ["ed25519-usual", ed25519, passphrase],
  ["rsa-open", rsa, ""],
  ["rsa-usual", rsa, passphrase],
  ["ed25519-100-rounds", [...ed25519, "-a", "100"], passphrase],
  ["rsa-3072", ["-t", "rsa", "-b", "3072"], ""],
  ["rsa-2049", ["-t", "rsa", "-b", "2049"], ""],
  ...ciphers.flatMap((cipher): typeof forms => [
    [`ed25519-${cipher}`, [...ed25519, "-a", "2", "-Z", cipher], passphrase],
    [`rsa-${cipher}`, [...rsa, "-a", "2", "-Z", cipher], passphrase],
  ]),
  ["rsa-pem", [...rsa, "-m", "PEM"], ""],
  ["rsa-pem-locked", [...rsa, "-m", "PEM"], passphrase],
  ["rsa-pkcs8", [...rsa, "-m", "PKCS8"], ""],
  ["rsa-pkcs8-locked", [...rsa, "-m", "PKCS8"], passphrase],
  ["ed25519-pkcs8", [...ed25519, "-m", "PKCS8"], ""],
  ["ed25519-pkcs8-locked", [...ed25519, "-m", "PKCS8"], passphrase],
];

function make(name: string, args: string[], secret: string): void {
  if (args.includes("-t")) {
    folder.generate(name, args, secret);
  } else {
    folder.write(name, folder.read("rsa"));
    folder.write(`${name}.pub`, folder.read("rsa.pub"));
    folder.keygen("-q", "-p", "-P", "", "-N", secret, "-f", folder.at(name), ...args);
  }
}

test("ssh-keygen has at least the ciphers that are known of it", () => {
  for (const cipher of ["3des-cbc", "aes256-ctr", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"])
    expect(ciphers).toContain(cipher);
  expect(ciphers.length).toBeGreaterThanOrEqual(10);
});

for (const [name, args, secret] of forms) {
  test(`${name} is unlocked, signs and unwraps`, async () => {
    make(name, args, secret);
    const publicKey = folder.publicKey(name);
    const text = folder.read(name);
    const locked = readSshPrivateKey(text);
    expect(locked.isEncrypted).toBe(secret !== "");
    if (name.startsWith("rsa-p")) expect(text).not.toContain("BEGIN OPENSSH");
    const isPublicKnown = secret === "" || text.includes("BEGIN OPENSSH");
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
  }, 60_000);
}
