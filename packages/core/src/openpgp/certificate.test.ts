import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encryptionSubkey, expiresWithin, signingParts } from "../keys/usability.ts";
import { armor } from "./armor.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { GnupgHome, refusal } from "./gnupg-for-tests.ts";
import { isCertifiedBy } from "./introduction.ts";
import { mergeCertificates } from "./merge.ts";
import { concat, packet, splitPackets, tags } from "./packet.ts";

const home = new GnupgHome();
const now = new Date();
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);
const whose = "joe's key 0123 4567";
const day = (date: Date | null) => date?.toISOString().slice(0, 10) ?? "never";

const ordinary = (name: string, expires = "never") =>
  home.generate(name, "ed25519", "cert,sign", expires, [["cv25519", "encr", expires]]);

/** The bytes of a key block without some of its packets. */
function without(
  certificate: Certificate,
  drop: (tag: number, content: Uint8Array, index: number) => boolean,
) {
  const packets = splitPackets(certificate.bytes, { code: "unusable-key", what: "The key" });
  return concat(packets.filter(({ tag, content }, i) => !drop(tag, content, i)).map(({ whole }) => whole));
}

beforeAll(() => {
  ordinary("alice");
  ordinary("bob", "30d");
}, 60_000);
afterAll(() => home.close());

describe("a certificate", () => {
  test("is read in binary and armored, as text and as a file, and shown as armor", async () => {
    const certificate = await home.certificate("alice");
    const armored = home.run(["--armor", "--export", "alice@example.com"]);
    expect(certificate.fingerprint).toBe(`openpgp:${home.fingerprint("alice")}`);
    expect(await readCertificate(Buffer.from(armored).toString())).toEqual(certificate);
    expect(await readCertificate(armored)).toEqual(certificate);
    expect(await readCertificate(armor(certificate.bytes))).toEqual(certificate);
    const imported = home.run(["--show-keys", "--with-colons"], armor(certificate.bytes));
    expect(Buffer.from(imported).toString()).toContain(home.fingerprint("alice"));
  });

  test("with an expiry says when, for itself and its parts", async () => {
    const certificate = await home.certificate("bob");
    expect(day(certificate.expires)).toBe(day(inDays(30)));
    expect(encryptionSubkey(certificate, now, whose).algorithm).toBe("cv25519");
    home.run(["--quick-add-key", home.fingerprint("bob"), "cv25519", "encr", "never"]);
    const [, lasting] = (await home.certificate("bob")).encrypting;
    expect(day(lasting?.expires ?? null)).toBe(day(inDays(30)));
    expect(day(expiresWithin(certificate, 90, now))).toBe(day(inDays(30)));
    expect(expiresWithin(certificate, 10, now)).toBeNull();
    expect(expiresWithin(certificate, 90, inDays(31))).toBeNull();
    expect(expiresWithin(await home.certificate("alice"), 90, now)).toBeNull();
    for (const use of [encryptionSubkey, signingParts]) {
      const sentence = await refusal("unusable-key", () => use(certificate, inDays(31), whose));
      expect(sentence).toBe(`${whose} cannot be used: it is expired since ${day(inDays(30))}`);
    }
  });

  test("whose subkey alone expires says so", async () => {
    const fingerprint = home.generate("sub", "ed25519", "cert,sign", "never", [["cv25519", "encr", "30d"]]);
    const certificate = await home.certificate("sub");
    expect(certificate.expires).toBeNull();
    expect(day(expiresWithin(certificate, 90, now))).toBe(day(inDays(30)));
    const sentence = await refusal("unusable-key", () => encryptionSubkey(certificate, inDays(31), whose));
    expect(sentence).toContain(`expired since ${day(inDays(30))}`);
    expect(signingParts(certificate, inDays(31), whose)).toHaveLength(1);
    // A newer subkey takes its place.
    home.run(["--quick-add-key", fingerprint, "rsa2048", "encr", "never"]);
    expect(encryptionSubkey(await home.certificate("sub"), inDays(31), whose).algorithm).toBe("rsa2048");
  });

  test("that was prolonged counts as the newest signature says", async () => {
    const fingerprint = ordinary("dora", "20d");
    const old = await home.certificate("dora");
    home.run([
      "--faked-system-time",
      `${Math.floor(inDays(1).getTime() / 1000)}`,
      "--quick-set-expire",
      fingerprint,
      "60d",
    ]);
    const prolonged = await home.certificate("dora");
    expect(day(prolonged.expires)).toBe(day(inDays(61)));
    expect((await mergeCertificates(old, prolonged)).expires).toEqual(prolonged.expires);
    expect((await mergeCertificates(prolonged, old)).expires).toEqual(prolonged.expires);
  });

  test("that signs only, or encrypts only, is refused for the other", async () => {
    home.generate("signer", "ed25519", "cert,sign");
    const signer = await home.certificate("signer");
    const sentence = await refusal("unusable-key", () => encryptionSubkey(signer, now, whose));
    expect(sentence).toBe(`${whose} cannot be used: it cannot encrypt (it is sign-only)`);
    home.generate("reader", "ed25519", "cert", "never", [["cv25519", "encr", "never"]]);
    const reader = await home.certificate("reader");
    expect(reader.signing).toEqual([]);
    expect(await refusal("unusable-key", () => signingParts(reader, now, whose))).toContain("cannot sign");
  });

  test("of one RSA key for everything uses its primary key", async () => {
    home.generate("one", "rsa2048", "cert,sign,encrypt");
    const certificate = await home.certificate("one");
    expect(encryptionSubkey(certificate, now, whose).fingerprint).toBe(certificate.fingerprint);
  });

  test("that was revoked is refused, and stays so", async () => {
    const fingerprint = ordinary("rick");
    const before = await home.certificate("rick");
    const stored = readFileSync(join(home.path, "openpgp-revocs.d", `${fingerprint}.rev`), "utf8");
    home.run(["--import"], stored.replace(":-----BEGIN", "-----BEGIN"));
    const after = await home.certificate("rick");
    expect([before.revoked, after.revoked]).toEqual([false, true]);
    const sentence = await refusal("unusable-key", () => encryptionSubkey(after, now, whose));
    expect(sentence).toBe(`${whose} cannot be used: it is revoked`);
    expect((await mergeCertificates(before, after)).revoked).toBe(true);
    expect((await mergeCertificates(after, before)).bytes).toEqual(after.bytes);
  });

  test("with a revoked subkey is refused for encryption alone", async () => {
    const fingerprint = ordinary("rita");
    const before = await home.certificate("rita");
    const commands = "key 1\nrevkey\ny\n0\n\ny\nsave\n";
    home.run(["--command-fd", "0", "--no-tty", "--edit-key", fingerprint], commands);
    const after = await home.certificate("rita");
    expect(await refusal("unusable-key", () => encryptionSubkey(after, now, whose))).toContain("revoked");
    expect(signingParts(after, now, whose)).toHaveLength(1);
    const merged = await mergeCertificates(before, after);
    expect(await refusal("unusable-key", () => encryptionSubkey(merged, now, whose))).toContain("revoked");
  });

  test("with a signing subkey needs the subkey's consent", async () => {
    home.generate("sid", "ed25519", "cert", "never", [
      ["ed25519", "sign", "never"],
      ["cv25519", "encr", "never"],
    ]);
    const certificate = await home.certificate("sid");
    expect(certificate.signing.map(({ algorithm }) => algorithm)).toEqual(["ed25519"]);
    expect(certificate.signing[0]?.fingerprint).not.toBe(certificate.fingerprint);
    // GnuPG keeps the back-signature in the unsigned part of the binding: cut it out.
    const packets = splitPackets(certificate.bytes, { code: "unusable-key", what: "The key" });
    const stripped = packets.map(({ tag, content, whole }) => {
      if (tag !== tags.signature || content[1] !== 0x18) return whole;
      const hashed = 6 + (((content[4] ?? 0) << 8) | (content[5] ?? 0));
      const unhashed = ((content[hashed] ?? 0) << 8) | (content[hashed + 1] ?? 0);
      return packet(
        tags.signature,
        concat([content.subarray(0, hashed), Uint8Array.of(0, 0), content.subarray(hashed + 2 + unhashed)]),
      );
    });
    const lonely = await readCertificate(concat(stripped));
    expect(lonely.signing).toEqual([]);
    expect(lonely.encrypting).toHaveLength(1);
    expect((await mergeCertificates(lonely, certificate)).signing).toHaveLength(1);
  });

  test("takes no subkey of somebody else", async () => {
    const alice = await home.certificate("alice");
    const bob = await home.certificate("bob");
    const foreign = splitPackets(bob.bytes, { code: "unusable-key", what: "The key" });
    const subkey = foreign.slice(foreign.findIndex(({ tag }) => tag === tags.publicSubkey));
    const mixed = await readCertificate(concat([alice.bytes, ...subkey.map(({ whole }) => whole)]));
    expect(mixed.encrypting).toEqual(alice.encrypting);
    expect((await mergeCertificates(alice, mixed)).bytes).toEqual(alice.bytes);
  });
});

describe("refused at reading", () => {
  test("private keys, several, none", async () => {
    const secret = home.run(["--armor", "--export-secret-keys", "alice@example.com"]);
    for (const input of [
      secret,
      Buffer.from(secret).toString(),
      home.run(["--export-secret-keys", "alice@example.com"]),
    ]) {
      expect(await refusal("unusable-key", () => readCertificate(input))).toContain(
        "private key: never give it",
      );
    }
    const two = home.run(["--export", "alice@example.com", "bob@example.com"]);
    expect(await refusal("unusable-key", () => readCertificate(two))).toContain("several OpenPGP keys");
    for (const input of [
      "",
      "hello",
      new Uint8Array(0),
      Uint8Array.of(0xc6, 0xff),
      packet(13, new Uint8Array(3)),
    ]) {
      await refusal("unusable-key", () => readCertificate(input));
    }
    expect(await refusal("unusable-key", () => readCertificate(new Uint8Array(262_145)))).toContain(
      "256 KiB",
    );
  });

  test("weak and unknown algorithms, by name", async () => {
    const weak: [string, string, string][] = [
      ["rsa1024", "cert,sign,encrypt", "RSA with 1024 bits"],
      ["dsa2048", "cert,sign", "DSA"],
      ["secp256k1", "cert,sign", "secp256k1"],
    ];
    for (const [algorithm, usage, why] of weak) {
      home.generate(algorithm, algorithm, usage);
      expect(await refusal("unusable-key", () => home.certificate(algorithm))).toContain(why);
    }
  }, 60_000);

  test("a weak subkey, when it is to be used", async () => {
    home.generate("weaksub", "ed25519", "cert,sign", "never", [["rsa1024", "encr", "never"]]);
    const sentence = await refusal("unusable-key", async () =>
      encryptionSubkey(await home.certificate("weaksub"), now, whose),
    );
    expect(sentence).toBe(
      `${whose} cannot be used: of its newest part that could encrypt, it is RSA with 1024 bits, and 2048 is the least`,
    );
  });

  test("other versions", async () => {
    const alice = await home.certificate("alice");
    for (const version of [3, 5, 6]) {
      const changed = alice.bytes.slice();
      changed[splitPackets(alice.bytes, { code: "unusable-key", what: "" })[0]?.whole.indexOf(4) ?? 0] =
        version;
      expect(await refusal("unusable-key", () => readCertificate(changed))).toContain(`version ${version}`);
    }
  });

  test("a key whose user id or binding it did not sign", async () => {
    const alice = await home.certificate("alice");
    const unsigned = without(alice, (tag, content) => tag === tags.signature && content[1] === 0x13);
    expect(await refusal("unusable-key", () => readCertificate(unsigned))).toContain("no user id");
    const unbound = await readCertificate(
      without(alice, (tag, content) => tag === tags.signature && content[1] === 0x18),
    );
    expect(unbound.encrypting).toEqual([]);
    const other = Buffer.from(alice.bytes);
    other[other.indexOf("alice")] = 0x41;
    expect(await refusal("unusable-key", () => readCertificate(other))).toContain("no user id");
  });
});

describe("two copies of one certificate", () => {
  test("are not two keys", async () => {
    const [alice, bob] = [await home.certificate("alice"), await home.certificate("bob")];
    expect(await refusal("unusable-key", () => mergeCertificates(alice, bob))).toContain("different keys");
  });

  test("together have every subkey and user id, and nothing that was not signed", async () => {
    const fingerprint = ordinary("max");
    const old = await home.certificate("max");
    home.run(["--quick-add-uid", fingerprint, "Max Second"]);
    home.run(["--quick-add-key", fingerprint, "rsa2048", "encr", "never"]);
    const full = await home.certificate("max");
    const noOldSubkey = await readCertificate(
      without(
        full,
        (_tag, _content, i) => i >= splitPackets(full.bytes, { code: "unusable-key", what: "" }).length - 2,
      ),
    );
    for (const [a, b] of [
      [old, full],
      [full, old],
      [noOldSubkey, full],
      [full, full],
    ] as [Certificate, Certificate][]) {
      const merged = await mergeCertificates(a, b);
      expect(merged.encrypting).toHaveLength(2);
      expect(merged.userIds.toSorted()).toEqual(full.userIds.toSorted());
      expect((await mergeCertificates(merged, b)).bytes).toEqual(merged.bytes);
      expect((await mergeCertificates(merged, a)).bytes).toEqual(merged.bytes);
    }
    const forged = await readCertificate(
      concat([old.bytes, packet(tags.userId, new TextEncoder().encode("Mallory"))]),
    );
    expect((await mergeCertificates(old, forged)).bytes).toEqual(old.bytes);
  });

  test("do not grow by changes to what is not signed", async () => {
    const alice = await home.certificate("alice");
    const padded = splitPackets(alice.bytes, { code: "unusable-key", what: "" }).map(
      ({ tag, content, whole }) => {
        if (tag !== tags.signature) return whole;
        const hashed = 6 + (((content[4] ?? 0) << 8) | (content[5] ?? 0));
        const unhashed = ((content[hashed] ?? 0) << 8) | (content[hashed + 1] ?? 0);
        const junk = Uint8Array.of(5, 100, 1, 2, 3, 4);
        const rest = content.subarray(hashed + 2);
        const length = unhashed + junk.length;
        return packet(
          tag,
          concat([content.subarray(0, hashed), Uint8Array.of(length >> 8, length & 255), junk, rest]),
        );
      },
    );
    const changed = await readCertificate(concat(padded));
    expect(changed.bytes.length).toBeGreaterThan(alice.bytes.length);
    expect((await mergeCertificates(alice, changed)).bytes).toEqual(alice.bytes);
  });
});

describe("a certification", () => {
  test("by another key is found, and ends with its revocation or the signer's", async () => {
    const vera = ordinary("vera");
    const certify = ordinary("carl");
    const before = await home.certificate("vera");
    const carl = await home.certificate("carl");
    expect(await isCertifiedBy(before, carl)).toBe(false);
    home.run(["-u", certify, "--yes", "--quick-sign-key", vera]);
    const after = await home.certificate("vera");
    expect(await isCertifiedBy(after, carl)).toBe(true);
    expect(await isCertifiedBy(after, await home.certificate("alice"))).toBe(false);
    expect(await isCertifiedBy(await mergeCertificates(before, after), carl)).toBe(true);
    expect(await isCertifiedBy(after, { ...carl, revoked: true })).toBe(false);

    home.run(
      ["-u", certify, "--command-fd", "0", "--no-tty", "--edit-key", vera],
      "revsig\nn\ny\ny\n0\n\ny\nsave\n",
    );
    const revoked = await home.certificate("vera");
    expect(await isCertifiedBy(revoked, carl)).toBe(false);
    expect(await isCertifiedBy(await mergeCertificates(after, revoked), carl)).toBe(false);
  });

  test("by SHA-1 does not count", async () => {
    const weak = ordinary("will");
    const signer = home.generate("sean", "rsa2048", "cert,sign");
    home.run([
      "-u",
      signer,
      "--cert-digest-algo",
      "SHA1",
      "--allow-weak-key-signatures",
      "--yes",
      "--quick-sign-key",
      weak,
    ]);
    const certificate = await home.certificate("will");
    const packets = splitPackets(certificate.bytes, { code: "unusable-key", what: "" });
    expect(
      packets.some(({ tag, content }) => tag === tags.signature && content[1] === 0x10 && content[3] === 2),
    ).toBe(true);
    expect(await isCertifiedBy(certificate, await home.certificate("sean"))).toBe(false);
  });

  test("of another user id does not count", async () => {
    const vera = await home.certificate("vera");
    const carl = await home.certificate("carl");
    const moved = splitPackets(vera.bytes, { code: "unusable-key", what: "" });
    const alice = splitPackets((await home.certificate("alice")).bytes, { code: "unusable-key", what: "" });
    const certifications = moved.filter(({ tag, content }) => tag === tags.signature && content[1] === 0x10);
    expect(certifications).toHaveLength(1);
    const [key, userId, self, ...rest] = alice.map(({ whole }) => whole);
    const mixed = [key, userId, self, ...certifications.map(({ whole }) => whole), ...rest].filter(
      (part) => part !== undefined,
    );
    expect(await isCertifiedBy(await readCertificate(concat(mixed)), carl)).toBe(false);
  });
});
