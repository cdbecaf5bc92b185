import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openpgpFingerprint } from "@pstore/core/fingerprint";
import { verifySignature } from "@pstore/core/keys/signature";
import { encryptionSubkey } from "@pstore/core/keys/usability";
import type { Certificate } from "@pstore/core/openpgp/certificate";
import { readCertificate } from "@pstore/core/openpgp/certificate";
import { wrapSessionKey } from "@pstore/core/openpgp/wrap";
import type { Problem } from "@pstore/core/problem";
import {
  addSubkey,
  createHome,
  exportPublic,
  exportSecret,
  type GnupgHome,
  generateKey,
  gpg,
  type KeyOptions,
  revokeKey,
} from "@pstore/e2e/support/gnupg";
import { readKeyFile } from "./key-file.ts";
import { OpenpgpKeyFile } from "./openpgp-key-file.ts";
import { Passphrases } from "./passphrases.ts";
import { privateFile } from "./private-file.ts";

const signed = { text: "pstore commit\n", purpose: "commit" } as const;
const secret = "pässphrase";

let folder: string;
let home: GnupgHome;
let locked: Certificate;
let open: Certificate;

/** Makes a key and the file of it, called as its user. */
async function make(name: string, options: Partial<KeyOptions> = {}): Promise<Certificate> {
  return certificateOf(await makeFile(name, options));
}

async function makeFile(name: string, options: Partial<KeyOptions>): Promise<string> {
  const { fingerprint } = await generateKey(home, { ...options, userId: `${name} <${name}@example.com>` });
  await save(name, await exportSecret(home, fingerprint, options.passphrase));
  return fingerprint;
}

const certificateOf = async (fingerprint: string) => readCertificate(await exportPublic(home, fingerprint));
const hex = ({ fingerprint }: Certificate) => fingerprint.slice("openpgp:".length);

async function save(name: string, content: string | Uint8Array): Promise<void> {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
}

/** What gpg writes with these options, which may need the passphrase. */
async function exported(certificate: Certificate, ...args: string[]): Promise<Uint8Array> {
  const loopback = ["--pinentry-mode", "loopback", "--passphrase", secret];
  return (await gpg(home, [...loopback, ...args, hex(certificate)])).stdout;
}

beforeAll(async () => {
  folder = mkdtempSync("/tmp/p-");
  home = await createHome();
  locked = await make("locked", { passphrase: secret });
  open = await make("open");
});
afterAll(async () => {
  await home.dispose();
  rmSync(folder, { recursive: true });
});

/** The keyring of a file, for somebody who types these; what they are asked and told is kept. */
async function opened(name: string, ...typed: string[]) {
  const said: string[] = [];
  const asker = {
    secret: async (question: string) => {
      said.push(question);
      return typed.shift() ?? "nothing";
    },
    notice: (text: string) => said.push(`NOTICE: ${text}`),
  };
  const file = await readKeyFile(privateFile(`~/${name}`, folder));
  return { keyring: new OpenpgpKeyFile(file, new Passphrases(asker, null)), said };
}

async function wrapped(to: Certificate, sessionKey: Uint8Array): Promise<Uint8Array> {
  return wrapSessionKey(to, encryptionSubkey(to, new Date(), "its key").fingerprint, sessionKey);
}

const sessionKey = () => crypto.getRandomValues(new Uint8Array(32));
const question = (name: string) => `Passphrase for ~/${name}: `;
const again = "NOTICE: re-using cached password";
const sentence = (promise: Promise<unknown>) =>
  promise.then(String, (error: Problem) => `${error.code}: ${error.message}`);

test("a key without a passphrase is listed, signs and unwraps", async () => {
  const { keyring, said } = await opened("open");
  const { fingerprint } = open;
  expect(await keyring.list()).toEqual([
    { fingerprint, signing: [fingerprint], userIds: ["open <open@example.com>"] },
  ]);
  await verifySignature(open, signed, await keyring.sign(fingerprint, signed));
  const key = sessionKey();
  keyring.expectUnwrap(new Map([[fingerprint, fingerprint]]));
  expect(await keyring.unwrap(await wrapped(open, key))).toEqual(key);
  expect(said).toEqual([]);
});

describe("a key with a passphrase", () => {
  test("is listed and looked up without it", async () => {
    const { keyring, said } = await opened("locked");
    expect((await keyring.list())[0]).toMatchObject({ fingerprint: locked.fingerprint, asks: true });
    expect(await keyring.mayHold(locked.fingerprint)).toBe(true);
    expect(await keyring.mayHold(open.fingerprint)).toBe(false);
    expect(await keyring.mayHold(`ssh:SHA256:${"A".repeat(43)}`)).toBe(false);
    expect(await keyring.unwrap(await wrapped(open, sessionKey()))).toBeNull();
    expect(await keyring.unwrap(Buffer.from("age-encryption.org/v1\n"))).toBeNull();
    expect(said).toEqual([]);
  });

  test("asks once for all of its parts, and says when it is used again", async () => {
    const { keyring, said } = await opened("locked", "wrong", secret);
    await verifySignature(locked, signed, await keyring.sign(locked.fingerprint, signed));
    const second = `wrong passphrase, try again (2 left)\n${question("locked")}`;
    expect(said).toEqual([question("locked"), second]);
    const keys = [sessionKey(), sessionKey(), sessionKey()];
    let count = 0;
    const all = await Promise.all(keys.map((key) => wrapped(locked, key)));
    expect(await keyring.unwrapAll(all, () => count++)).toEqual(keys);
    expect(count).toBe(3);
    expect(new Set(said.slice(2))).toEqual(new Set([again]));
  });

  test("asks for the part that reads alone, and once for many at a time", async () => {
    const { keyring, said } = await opened("locked", secret);
    const key = sessionKey();
    const one = await wrapped(locked, key);
    expect(await Promise.all([keyring.unwrap(one), keyring.unwrap(one)])).toEqual([key, key]);
    expect(said.filter((text) => text === question("locked"))).toHaveLength(1);
  });

  test("that is wrong three times is not asked for again", async () => {
    const { keyring, said } = await opened("locked");
    const one = await wrapped(locked, sessionKey());
    for (const _ of [1, 2]) expect(await sentence(keyring.unwrap(one))).toContain("wrong 3 times");
    expect(said).toHaveLength(3);
  });
});

describe("of several parts that sign", () => {
  test("the newest that is here does, and the primary key may be a stub", async () => {
    const made = await make("subkeys", { passphrase: secret });
    await addSubkey(home, hex(made), { algorithm: "ed25519", usage: "sign", passphrase: secret });
    const newest = await addSubkey(home, hex(made), {
      algorithm: "rsa2048",
      usage: "sign",
      passphrase: secret,
    });
    const certificate = await certificateOf(hex(made));
    await save("subkeys", await exported(certificate, "--export-secret-subkeys"));
    const { keyring, said } = await opened("subkeys", secret);
    const [own] = await keyring.list();
    expect(own?.signing).toHaveLength(2);
    expect(own?.signing[0]).toBe(openpgpFingerprint(newest));
    const signature = await keyring.sign(certificate.fingerprint, signed);
    expect(await verifySignature(certificate, signed, signature)).toEqual({
      signedBy: openpgpFingerprint(newest),
    });
    const key = sessionKey();
    expect(await keyring.unwrap(await wrapped(certificate, key))).toEqual(key);
    expect(said).toEqual([question("subkeys"), again]);
  });

  test("none is here: it can still read, and says that it cannot sign", async () => {
    await save("stub", await exported(locked, "--export-secret-subkeys"));
    const { keyring } = await opened("stub", secret);
    expect((await keyring.list())[0]?.signing).toEqual([]);
    expect(await sentence(keyring.sign(locked.fingerprint, signed))).toStartWith(
      "no-private-key: ~/stub holds no usable private key to sign with for ",
    );
    const key = sessionKey();
    expect(await keyring.unwrap(await wrapped(locked, key))).toEqual(key);
  });
});

describe("a key that is past", () => {
  test("signs nothing, and says why; what was encrypted to it is read", async () => {
    const expired = await make("expired", { created: "20200101T000000", expires: "1y" });
    const revoked = await make("revoked");
    await revokeKey(home, hex(revoked));
    await save("revoked", await exportSecret(home, hex(revoked)));
    for (const [name, certificate] of Object.entries({ expired, revoked })) {
      const { keyring } = await opened(name);
      expect(await keyring.list()).toEqual([
        {
          ...{ fingerprint: certificate.fingerprint, signing: [], fault: name as "expired" | "revoked" },
          userIds: [`${name} <${name}@example.com>`],
        },
      ]);
      expect(await sentence(keyring.sign(certificate.fingerprint, signed))).toContain(
        `is ${name}, so it signs nothing more`,
      );
      const key = sessionKey();
      const part = certificate.encrypting[0]?.fingerprint ?? certificate.fingerprint;
      expect(await keyring.unwrap(await wrapSessionKey(certificate, part, key))).toEqual(key);
    }
  });
});

test("a private part that is not in the file is told, with what to do", async () => {
  const packets = Buffer.from(await exported(locked, "--export-secret-keys"));
  // The protection of the subkey (AES, salted and iterated S2K with SHA-1, at whatever place) becomes that of a key on a card.
  const protection = Buffer.from([254, 7, 3, 2]);
  const at = packets.lastIndexOf(protection);
  Buffer.from([254, 7, 101, 2, 0x47, 0x4e, 0x55, 2]).copy(packets, at);
  await save("card", packets);
  const { keyring, said } = await opened("card");
  expect(await sentence(keyring.unwrap(await wrapped(locked, sessionKey())))).toMatch(
    /^no-private-key: the private part of [0-9A-F ]{50} is not in ~\/card: it is on a smartcard; use gpg/,
  );
  expect(said).toEqual([]);
});

test("a file of a key that is refused says so with its name", async () => {
  await makeFile("small", { algorithm: "rsa1024" });
  await makeFile("dsa", { algorithm: "dsa2048/elg2048" });
  await save("cut", (await Bun.file(join(folder, "open")).text()).slice(0, 300));
  for (const [name, why] of Object.entries({
    small: "it is RSA with 1024 bits, and 2048 is the least",
    dsa: "its algorithm is DSA",
    cut: "there is no '-----BEGIN PGP PRIVATE KEY BLOCK-----' with its end in it",
  })) {
    const { keyring } = await opened(name);
    const said = await sentence(keyring.list());
    expect(said).toStartWith(`no-private-key: ~/${name}: this `);
    expect(said).toContain(why);
    expect(await sentence(keyring.sign(open.fingerprint, signed))).toBe(said);
  }
});

test("a wrapped key that was altered is refused", async () => {
  const { keyring } = await opened("open");
  const altered = Uint8Array.from(await wrapped(open, sessionKey()));
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  expect(await sentence(keyring.unwrap(altered))).toContain("bad-wrapped-key: the wrapped key for openpgp:");
});
