import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { Problem } from "../problem.ts";
import { readSshPrivateKey, WrongPassphrase } from "./private-key.ts";
import { opensshArmor, SshFolder } from "./ssh-for-tests.ts";
import { verifySshsig } from "./sshsig.ts";
import { wrapForSsh } from "./wrapped-key.ts";

const folder = new SshFolder();
const data = new TextEncoder().encode("pstore commit 1\n");
beforeAll(() => {
  folder.generate("ed25519", ["-t", "ed25519"]);
  folder.generate("rsa", ["-t", "rsa", "-b", "2048"]);
  folder.generate("pem", ["-t", "rsa", "-b", "2048", "-m", "PEM"]);
  folder.generate("locked", ["-t", "ed25519", "-a", "1"], "secret");
  folder.generate("locked-gcm", ["-t", "ed25519", "-a", "1", "-Z", "aes256-gcm@openssh.com"], "secret");
  folder.generate("ecdsa", ["-t", "ecdsa"]);
  folder.generate("weak", ["-t", "rsa", "-b", "1024"]);
}, 60_000);
afterAll(() => folder.close());

const why = (text: string, passphrase: string | null = null) =>
  refusal("no-private-key", () => readSshPrivateKey(text).unlock(passphrase));

test("a file with the line ends of Windows, or with text around it, is read", async () => {
  for (const name of ["ed25519", "pem"]) {
    const text = folder.read(name);
    for (const changed of [text.replaceAll("\n", "\r\n"), `mine\n${text}\nend`]) {
      const { publicKey } = await readSshPrivateKey(changed).unlock(null);
      expect(publicKey.fingerprint).toBe(folder.publicKey(name).fingerprint);
    }
  }
});

describe("what openssl writes", () => {
  test("is unlocked: Ed25519 in PKCS #8, with a passphrase or without", async () => {
    folder.run("openssl", ["genpkey", "-algorithm", "ed25519", "-out", folder.at("e8")]);
    const args = ["pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:secret", "-in", folder.at("e8")];
    const locked = folder.run("openssl", args).toString();
    const open = await readSshPrivateKey(folder.read("e8")).unlock(null);
    const unlocked = await readSshPrivateKey(locked).unlock("secret");
    expect(unlocked.publicKey.fingerprint).toBe(open.publicKey.fingerprint);
    const spki = folder.run("openssl", ["pkey", "-in", folder.at("e8"), "-pubout", "-outform", "DER"]);
    expect(spki.subarray(-32)).toEqual(Buffer.from(open.publicKey.bytes.subarray(-32)));
    verifySshsig(open.publicKey, data, "login", unlocked.sign(data, "login"));
    await expect(readSshPrivateKey(locked).unlock("wrong")).rejects.toBeInstanceOf(WrongPassphrase);
    await expect(readSshPrivateKey(locked).unlock(null)).rejects.toBeInstanceOf(WrongPassphrase);
  });

  test("in a cipher that is not known here is refused with a way out", async () => {
    const args = [
      "pkcs8",
      "-topk8",
      "-v2",
      "camellia256",
      "-passout",
      "pass:secret",
      "-in",
      folder.at("pem"),
    ];
    expect(await why(folder.run("openssl", args).toString(), "secret")).toContain("`ssh-keygen -p -f FILE`");
  });
});

describe("refused with a sentence:", () => {
  test("keys that cannot decrypt, or are too weak", async () => {
    expect(await why(folder.read("ecdsa"))).toContain("it is an ECDSA key, which can sign but not decrypt");
    expect(await why(folder.read("weak"))).toContain("it is RSA with 1024 bits, and 2048 is the least");
    for (const form of ["PEM", "PKCS8"]) {
      folder.keygen("-q", "-p", "-m", form, "-N", "", "-f", folder.at("ecdsa"));
      expect(await why(folder.read("ecdsa"))).toContain("it is an ECDSA key");
    }
    expect(await why("-----BEGIN DSA PRIVATE KEY-----\n-----END DSA PRIVATE KEY-----")).toContain("DSA key");
  });

  test("public keys, and what is no key at all", async () => {
    expect(await why(folder.read("ed25519.pub"))).toContain(
      "it is a public key; give the file beside it, without .pub",
    );
    expect(await why(folder.keygen("-e", "-f", folder.at("rsa.pub")))).toContain("it is a public key");
    expect(await why(folder.keygen("-e", "-m", "PEM", "-f", folder.at("rsa.pub")))).toContain(
      "it is a public key",
    );
    expect(await why("PuTTY-User-Key-File-3: ssh-ed25519")).toContain("PuTTYgen");
    expect(await why(folder.read("pem").replace(/-----END.*/, ""))).toContain("its end is missing");
    for (const text of ["", "hello", "\0".repeat(100), "-----BEGIN PGP PRIVATE KEY BLOCK-----"])
      expect(await why(text)).toContain("it is no file of an SSH private key");
    expect(await why("x".repeat(70_000))).toContain("over 64 KiB");
  });
});

test("what was changed anywhere is the same key still, or a sentence", async () => {
  const names = [
    ["ed25519", null],
    ["rsa", null],
    ["pem", null],
    ["locked", "secret"],
    ["locked-gcm", "secret"],
  ] as const;
  const files = names.map(([name, passphrase]) => ({
    passphrase,
    text: folder.read(name),
    bytes: passphrase === null && name !== "pem" ? folder.opensshBytes(name) : null,
    fingerprint: folder.publicKey(name).fingerprint,
  }));
  const outcome = async (text: string, passphrase: string | null, fingerprint: string) => {
    try {
      const key = await readSshPrivateKey(text).unlock(passphrase);
      // A changed comment changes no key.
      expect(key.publicKey.fingerprint as string).toBe(fingerprint);
      verifySshsig(key.publicKey, data, "login", key.sign(data, "login"));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      expect(error.code).toBe("no-private-key");
    }
  };
  const junk = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("A", "/", "==", "\n", "-----"));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.nat(),
      fc.nat(3),
      junk,
      async (file, place, count, inserted) => {
        const at = place % file.text.length;
        // Rounds of bcrypt stand in the second line; up to 1024 of them are legal, and slow.
        if (file.passphrase !== null && at < 200) return;
        const changed = file.text.slice(0, at) + inserted + file.text.slice(at + count);
        await outcome(changed, file.passphrase, file.fingerprint);
      },
    ),
    { numRuns: 300 },
  );
  const open = files.filter(({ bytes }) => bytes !== null);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...open), fc.nat(), fc.nat(255), async (file, place, octet) => {
      const changed = Uint8Array.from(file.bytes as Uint8Array);
      changed[place % changed.length] = octet;
      await outcome(opensshArmor(changed), null, file.fingerprint);
    }),
    { numRuns: 500 },
  );
  await fc.assert(fc.asyncProperty(fc.string({ unit: "binary" }), (text) => outcome(text, "x", "")));
}, 60_000);

test("a key unwraps as often as asked, and after a signature too", async () => {
  const key = await folder.privateKey("ed25519");
  key.sign(data, "commit");
  const sessionKey = Uint8Array.from(randomBytes(32));
  for (let i = 0; i < 2; i++)
    expect(await key.unwrap(await wrapForSsh(key.publicKey, sessionKey))).toEqual(sessionKey);
});
