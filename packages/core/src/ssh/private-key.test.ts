import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPrivateKey, randomBytes } from "node:crypto";
import fc from "fast-check";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { Problem } from "../problem.ts";
import { readSshPrivateKey, WrongPassphrase } from "./private-key.ts";
import { fromKeyObject } from "./private-numbers.ts";
import { SshFolder } from "./ssh-for-tests.ts";
import { verifySshsig } from "./sshsig.ts";
import { WireReader, wire, wireString } from "./wire.ts";
import { wrapForSsh } from "./wrapped-key.ts";

const folder = new SshFolder();
const data = new TextEncoder().encode("pstore commit 1\n");
beforeAll(() => {
  folder.generate("ed25519", ["-t", "ed25519"]);
  folder.generate("other", ["-t", "ed25519"]);
  folder.generate("rsa", ["-t", "rsa", "-b", "2048"]);
  folder.generate("rsa-other", ["-t", "rsa", "-b", "2048"]);
  folder.generate("pem", ["-t", "rsa", "-b", "2048", "-m", "PEM"]);
  folder.generate("locked", ["-t", "ed25519", "-a", "1"], "secret");
  folder.generate("locked-gcm", ["-t", "ed25519", "-a", "1", "-Z", "aes256-gcm@openssh.com"], "secret");
  folder.generate("ecdsa", ["-t", "ecdsa"]);
  folder.generate("weak", ["-t", "rsa", "-b", "1024"]);
}, 60_000);
afterAll(() => folder.close());

const why = (text: string, passphrase: string | null = null) =>
  refusal("no-private-key", () => readSshPrivateKey(text).unlock(passphrase));

const armored = (bytes: Uint8Array) => {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  );
};
const bytesOf = (name: string) =>
  Uint8Array.from(Buffer.from(folder.read(name).split("\n").slice(1, -2).join(""), "base64"));

/** The parts of a file without a passphrase: what is in front of the public key, that, and the private part. */
function parts(name: string): [Uint8Array, Uint8Array, Uint8Array] {
  const reader = new WireReader(bytesOf(name), (reason) => new Problem("no-private-key", reason));
  const front = reader.octets(15 + 8 + 8 + 4 + 4);
  return [front, reader.string(), reader.string()];
}

const whole = ([front, publicKey, secret]: [Uint8Array, Uint8Array, Uint8Array]) =>
  armored(wire(front, wireString(publicKey), wireString(secret)));

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
    const token = wire(
      wireString("sk-ssh-ed25519@openssh.com"),
      wireString(new Uint8Array(32)),
      wireString("ssh:"),
    );
    const [front, , secret] = parts("ed25519");
    expect(await why(whole([front, token, secret]))).toContain("FIDO token, which can sign but not decrypt");
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
    for (const text of ["", "hello", "\0".repeat(100), "-----BEGIN PGP PRIVATE KEY BLOCK-----"])
      expect(await why(text)).toContain("it is no file of an SSH private key");
    expect(await why("x".repeat(70_000))).toContain("over 64 KiB");
  });

  test("a file whose public part was exchanged", async () => {
    for (const [name, other] of [
      ["ed25519", "other"],
      ["rsa", "rsa-other"],
      ["rsa", "ed25519"],
    ] as const) {
      const [front, , secret] = parts(name);
      expect(await why(whole([front, parts(other)[1], secret]))).toContain(
        "public part is that of another key",
      );
    }
    // Inside of the private part, where both copies would have to change.
    const [front, publicKey, secret] = parts("ed25519");
    const own = publicKey.subarray(-32);
    const strange = parts("other")[1].subarray(-32);
    const exchanged = Buffer.from(
      Buffer.from(secret)
        .toString("hex")
        .replaceAll(Buffer.from(own).toString("hex"), Buffer.from(strange).toString("hex")),
      "hex",
    );
    expect(await why(whole([front, parts("other")[1], exchanged]))).toContain(
      "public part is that of another key",
    );
    expect(await why(whole([front, publicKey, exchanged]))).toContain("public part is that of another key");
  });

  test("RSA numbers that do not fit each other", async () => {
    const privateKey = createPrivateKey(folder.read("pem"));
    const jwk = privateKey.export({ format: "jwk" });
    for (const field of ["n", "e", "d", "p", "q", "qi"] as const) {
      const bytes = Buffer.from(jwk[field] as string, "base64url");
      bytes[bytes.length - 2] = (bytes.at(-2) as number) ^ 4;
      const changed = { export: () => ({ ...jwk, [field]: bytes.toString("base64url") }) };
      await refusal("no-private-key", () => fromKeyObject(changed as unknown as typeof privateKey));
    }
  });

  test("wrong check numbers, padding, ciphers and counts of keys", async () => {
    const [front, publicKey, secret] = parts("ed25519");
    const change = (at: number, by: number) => {
      const changed = Uint8Array.from(secret);
      changed[at] = (changed[at] as number) ^ by;
      return whole([front, publicKey, changed]);
    };
    expect(await why(change(0, 1))).toContain("check numbers differ");
    expect(await why(change(secret.length - 1, 1))).toContain("padding is wrong");
    expect(await why(whole([front, publicKey, secret.subarray(0, -1)]))).toContain("its length is wrong");
    const more = wire(secret, Uint8Array.of(6, 7, 8, 9, 10, 11, 12, 13));
    expect(await why(whole([front, publicKey, more]))).toContain("padding is wrong");
    const named = (from: string, to: string) => {
      const changed = Buffer.from(front).toString("latin1").replace(from, to);
      return whole([Buffer.from(changed, "latin1"), publicKey, secret]);
    };
    expect(await why(named("\0\0\0\x04none\0\0\0\x04none", "\0\0\0\x08blowfish\0\0\0\x04none"))).toContain(
      "-Z aes256-ctr",
    );
    expect(await why(named("\x04none\0\0\0\0", "\x06scrypt\0\0\0\0"))).toContain("`ssh-keygen -p -f FILE`");
    expect(await why(named("\0\0\0\0\0\0\0\x01", "\0\0\0\0\0\0\0\x02"))).toContain("several keys");
    expect(await why(armored(wire(bytesOf("ed25519"), "\0")))).toContain("behind its end");
    expect(await why(folder.read("ed25519").replace(/\n.{10}/, "\n"))).toContain("damaged");
  });

  test("a passphrase that was hardened so much that nobody could wait for it", async () => {
    const changed = Buffer.from(bytesOf("locked"));
    // Salt of 16 bytes, then the rounds.
    const at = changed.indexOf("bcrypt") + 6 + 4 + 4 + 16;
    expect(changed.readUInt32BE(at)).toBe(1);
    changed.writeUInt32BE(1_000_000, at);
    expect(await why(armored(changed), "secret")).toContain(
      "hardened with 1000000 rounds, and pstore takes 1024",
    );
    changed.writeUInt32BE(0, at);
    expect(await why(armored(changed), "secret")).toContain("is none");
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
    bytes: passphrase === null && name !== "pem" ? bytesOf(name) : null,
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
      await outcome(armored(changed), null, file.fingerprint);
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
