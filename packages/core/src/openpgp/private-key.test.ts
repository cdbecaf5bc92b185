import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { generateKey } from "openpgp";
import { signingParts } from "../keys/usability.ts";
import { armor } from "./armor.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { GnupgHome, refusal } from "./gnupg-for-tests.ts";
import { concat, packet, type RawPacket, splitPackets, tags } from "./packet.ts";
import { type OpenpgpPrivateKey, type PrivatePart, readOpenpgpPrivateKey } from "./private-key.ts";
import { verifyDetached } from "./signature.ts";
import { wrapSessionKey } from "./wrap.ts";

/** With letters beyond ASCII, and a blank at its end. */
const passphrase = "pässphrase ";
const home = new GnupgHome();
const data = new TextEncoder().encode("pstore commit\nline\n");

const withPassphrase = ["--passphrase", passphrase];
const exported = (name: string, ...args: string[]) =>
  home.run([...withPassphrase, ...args, "--export-secret-keys", `=${name} <${name}@example.com>`]);
const split = (bytes: Uint8Array): RawPacket[] => splitPackets(bytes, { code: "unusable-key", what: "it" });
const join = (packets: readonly RawPacket[]) => concat(packets.map(({ whole }) => whole));

/** A signing primary key and an encryption subkey under the passphrase. */
function make(name: string, primary: string, subkey: string): void {
  home.run([
    ...withPassphrase,
    "--quick-gen-key",
    `${name} <${name}@example.com>`,
    primary,
    "cert,sign",
    "never",
  ]);
  home.run([...withPassphrase, "--quick-add-key", home.fingerprint(name), subkey, "encr", "never"]);
}

function partOf({ parts }: OpenpgpPrivateKey, fingerprint: string | undefined): PrivatePart {
  const part = parts.find((one) => one.fingerprint === fingerprint);
  if (part === undefined) throw new Error(`there is no ${fingerprint}`);
  return part;
}

async function unlocked(key: OpenpgpPrivateKey, fingerprint: string | undefined): Promise<PrivatePart> {
  const part = partOf(key, fingerprint);
  if (part.isLocked) expect(await part.unlock(passphrase)).toBe(true);
  return part;
}

beforeAll(() => {
  // The least that GnuPG accepts: these tests are not about how long a passphrase takes.
  writeFileSync(`${home.path}/gpg-agent.conf`, "s2k-count 65536\n");
  make("alice", "ed25519", "cv25519");
}, 60_000);
afterAll(() => home.close());

const algorithms: readonly (readonly [string, string])[] = [
  ["ed25519", "cv25519"],
  ["rsa2048", "rsa3072"],
  ["nistp256", "nistp256"],
  ["nistp384", "nistp384"],
  ["nistp521", "nistp521"],
  ["brainpoolP256r1", "brainpoolP256r1"],
  ["brainpoolP512r1", "brainpoolP384r1"],
];

test.each(algorithms)(
  "a key of %s and %s signs what GnuPG and we verify, and unwraps what we wrap",
  async (primary, subkey) => {
    const name = `all-${primary}`;
    make(name, primary, subkey);
    const key = await readOpenpgpPrivateKey(exported(name));
    const published = await home.certificate(name);
    const content = ({ bytes }: Certificate) => split(bytes).map(({ content }) => content);
    expect(content(key.certificate)).toEqual(content(published));

    const signer = await unlocked(key, published.fingerprint);
    const signature = await signer.sign(data);
    expect(await verifyDetached(published, data, signature)).toEqual({ signedBy: published.fingerprint });
    expect(home.try(["--verify", writeTemporary(signature), writeTemporary(data)]).code).toBe(0);

    const sessionKey = crypto.getRandomValues(new Uint8Array(32));
    const [part] = published.encrypting;
    if (part === undefined) throw new Error("there is no encryption subkey");
    const wrapped = await wrapSessionKey(published, part.fingerprint, sessionKey);
    const reader = await unlocked(key, part.fingerprint);
    expect(reader.isFor(wrapped)).toBe(true);
    expect(signer.isFor(wrapped)).toBe(false);
    expect(await reader.unwrap(wrapped)).toEqual(sessionKey);
  },
  60_000,
);

let files = 0;
function writeTemporary(bytes: Uint8Array): string {
  const path = `${home.path}/file-${files++}`;
  writeFileSync(path, bytes);
  return path;
}

describe("a block", () => {
  test("may be armored, binary, or bytes of armor, with anything around it", async () => {
    const text = Buffer.from(exported("alice", "--armor")).toString();
    const { fingerprint } = await home.certificate("alice");
    for (const input of [
      text,
      exported("alice"),
      Buffer.from(`my key\n${text}\n`),
      text.replaceAll("\n", "\r\n"),
    ])
      expect((await readOpenpgpPrivateKey(input)).certificate.fingerprint).toBe(fingerprint);
  });

  test("needs no passphrase where it has none", async () => {
    home.generate("open", "ed25519", "cert,sign");
    const key = await readOpenpgpPrivateKey(home.run(["--export-secret-keys", "=open <open@example.com>"]));
    const part = partOf(key, key.certificate.fingerprint);
    expect(part.isLocked).toBe(false);
    await verifyDetached(key.certificate, data, await part.sign(data));
  });

  test("that is none, is public, cut off, damaged or of several keys is refused", async () => {
    const text = Buffer.from(exported("alice", "--armor")).toString();
    const why = (input: string | Uint8Array) => refusal("unusable-key", () => readOpenpgpPrivateKey(input));
    expect(await why("")).toContain("no OpenPGP private key");
    expect(await why(Buffer.from(home.run(["--armor", "--export", "alice"])).toString())).toContain(
      "no OpenPGP private key",
    );
    expect(await why(home.run(["--export", "alice"]))).toContain("does not begin with one");
    expect(await why(text.slice(0, 400))).toContain("with its end in it");
    expect(await why(text.replace(/^[A-Za-z0-9+/]{64}$/m, (line) => line.toLowerCase()))).toContain(
      "damaged",
    );
    expect(await why(exported("alice").subarray(0, 100))).toContain("too early");
    home.generate("second", "ed25519", "cert,sign");
    expect(
      await why(
        concat([exported("alice"), home.run(["--export-secret-keys", "=second <second@example.com>"])]),
      ),
    ).toContain("several OpenPGP keys");
    expect(await why(new Uint8Array(300_000).fill(0xb4))).toContain("too early");
  });

  test("of a public key that is refused is refused with the same words", async () => {
    const dsa = home.run(["--quick-gen-key", "dsa <dsa@example.com>", "dsa2048", "cert,sign", "never"]);
    expect(dsa).toHaveLength(0);
    const same = async (secret: Uint8Array, publicKey: Uint8Array) => {
      const sentence = await refusal("unusable-key", () => readOpenpgpPrivateKey(secret));
      expect(await refusal("unusable-key", () => readCertificate(publicKey))).toBe(sentence);
      return sentence;
    };
    const selector = "=dsa <dsa@example.com>";
    expect(
      await same(home.run(["--export-secret-keys", selector]), home.run(["--export", selector])),
    ).toContain("its algorithm is DSA");
    const { privateKey, publicKey } = await generateKey({
      userIDs: [{ name: "six", email: "six@example.com" }],
      format: "object",
      config: { v6Keys: true },
    });
    expect(await same(privateKey.write() as Uint8Array, publicKey.write() as Uint8Array)).toContain(
      "of version 6",
    );
  });
});

describe("a passphrase", () => {
  test("that is wrong unlocks nothing, and the right one does afterwards", async () => {
    const key = await readOpenpgpPrivateKey(exported("alice"));
    const part = partOf(key, key.certificate.fingerprint);
    for (const wrong of ["", "passphrase", passphrase.trim(), passphrase.toUpperCase()])
      expect(await part.unlock(wrong)).toBe(false);
    expect(part.isLocked).toBe(true);
    expect(await part.unlock(passphrase)).toBe(true);
    expect(part.isLocked).toBe(false);
  });

  test("unlocks the one part that is needed", async () => {
    const key = await readOpenpgpPrivateKey(exported("alice"));
    await unlocked(key, key.certificate.encrypting[0]?.fingerprint);
    expect(key.parts.map(({ isLocked }) => isLocked)).toEqual([true, false]);
  });
});

describe("a part that is not in the file", () => {
  test("is told: a stub in place of the primary key, beside a subkey that signs", async () => {
    home.run([...withPassphrase, "--quick-add-key", home.fingerprint("alice"), "ed25519", "sign", "never"]);
    const bytes = home.run([...withPassphrase, "--export-secret-subkeys", "alice"]);
    const key = await readOpenpgpPrivateKey(bytes);
    const { fingerprint } = key.certificate;
    expect(partOf(key, fingerprint).missing).toBe("it was left out of the file");
    const [signing] = signingParts(key.certificate, new Date(), "alice's key");
    const signature = await (await unlocked(key, signing?.fingerprint)).sign(data);
    expect((await verifyDetached(await home.certificate("alice"), data, signature)).signedBy).toBe(
      signing?.fingerprint as Certificate["fingerprint"],
    );
  });

  test("is told: a key on a smartcard, and a protection of the future", async () => {
    const ends = {
      "it is on a smartcard": [2, 1, 0xd2],
      "it is protected in a way that is unknown to pstore": [9],
    };
    for (const [why, end] of Object.entries(ends)) {
      const packets = split(exported("alice"));
      const [primary] = packets as [RawPacket];
      const half = split((await home.certificate("alice")).bytes)[0]?.content ?? new Uint8Array();
      const stub = concat([half, Uint8Array.of(255, 0, 101, 0), Buffer.from("GNU"), Uint8Array.from(end)]);
      expect(primary.content.subarray(0, half.length)).toEqual(half);
      const changed = concat([packet(tags.secretKey, stub), join(packets.slice(1))]);
      const key = await readOpenpgpPrivateKey(changed);
      const part = partOf(key, key.certificate.fingerprint);
      expect({ missing: part.missing, isLocked: part.isLocked }).toEqual({ missing: why, isLocked: false });
    }
  });
});

describe("a wrapped key", () => {
  test("that was altered anywhere is refused, or opens as the same", async () => {
    const key = await readOpenpgpPrivateKey(exported("alice"));
    const [part] = key.certificate.encrypting;
    if (part === undefined) throw new Error("there is no encryption subkey");
    const sessionKey = crypto.getRandomValues(new Uint8Array(32));
    const wrapped = await wrapSessionKey(key.certificate, part.fingerprint, sessionKey);
    const reader = await unlocked(key, part.fingerprint);
    // Behind the header, and the key id that the caller has looked at.
    for (let at = 11; at < wrapped.length; at++) {
      const altered = wrapped.slice();
      altered[at] = (altered[at] ?? 0) ^ 1;
      const outcome = await reader.unwrap(altered).catch((error) => error.code);
      // The length of a number may change and mean the same.
      if (outcome !== "bad-wrapped-key") expect(outcome).toEqual(sessionKey);
    }
    for (const length of [0, 1, 10, 40, wrapped.length - 1])
      await refusal("bad-wrapped-key", () => reader.unwrap(wrapped.subarray(0, length)));
  });

  test("of another cipher is refused", async () => {
    const key = await readOpenpgpPrivateKey(exported("alice"));
    const message = home.run(
      ["--cipher-algo", "AES128", "-r", "alice", "--trust-model", "always", "--encrypt"],
      "x",
    );
    const [first] = split(message.subarray(0, 2 + (message[1] ?? 0)));
    const reader = await unlocked(key, key.certificate.encrypting[0]?.fingerprint);
    expect(await refusal("bad-wrapped-key", () => reader.unwrap(first?.whole ?? new Uint8Array()))).toContain(
      "another cipher",
    );
  });
});

test("a file whose public part somebody has changed signs nothing", async () => {
  home.generate("other", "ed25519", "cert,sign");
  const other = await home.certificate("other");
  const packets = split(exported("alice"));
  const [primary] = packets as [RawPacket];
  const half = other.primary.packet.content;
  // Alice's private number behind the other's public one, with the other's own certifications around it.
  const mixed = packet(tags.secretKey, concat([half, primary.content.subarray(half.length)]));
  const key = await readOpenpgpPrivateKey(concat([mixed, join(split(other.bytes).slice(1))]));
  expect(key.certificate.fingerprint).toBe(other.fingerprint);
  const part = await unlocked(key, other.fingerprint);
  expect(await refusal("unusable-key", () => part.sign(data))).toContain("tampered with");
});

test("what is written of a key says nothing of its private part", async () => {
  const key = await readOpenpgpPrivateKey(exported("alice"));
  expect(() => armor(key.certificate.bytes)).not.toThrow();
  expect(
    split(key.certificate.bytes).some(({ tag }) => tag === tags.secretKey || tag === tags.secretSubkey),
  ).toBe(false);
});
