import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { checkWrappedKey, wrapFor } from "../keys/wrapped-key.ts";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { Problem } from "../problem.ts";
import { readAgeFile, readAgeFileFor, tagOf } from "./age-file.ts";
import type { SshPrivateKey } from "./private-key.ts";
import { readSshKey } from "./public-key.ts";
import { SshFolder } from "./ssh-for-tests.ts";
import { wrapForSsh } from "./wrapped-key.ts";

const folder = new SshFolder();
const sessionKey = Uint8Array.from(randomBytes(32));
const names = ["ed25519", "rsa"] as const;
const keys: Record<string, SshPrivateKey> = {};
const wrapped: Record<string, Uint8Array> = {};
beforeAll(async () => {
  folder.generate("ed25519", ["-t", "ed25519"]);
  folder.generate("rsa", ["-t", "rsa", "-b", "2048"]);
  folder.generate("other", ["-t", "ed25519"]);
  for (const name of names) {
    keys[name] = await folder.privateKey(name);
    wrapped[name] = await wrapForSsh(folder.publicKey(name), sessionKey);
  }
}, 60_000);
afterAll(() => folder.close());

const key = (name: string) => keys[name] as SshPrivateKey;
const of = (name: string) => wrapped[name] as Uint8Array;
const textOf = (name: string) => Buffer.from(of(name)).toString("latin1");

const why = (bytes: Uint8Array | string) =>
  refusal("bad-wrapped-key", () =>
    readAgeFile(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
  );

for (const name of names) {
  describe(`a wrapped key for an ${name} key`, () => {
    test("is opened by it, and by no other", async () => {
      expect(await key(name).unwrap(of(name))).toEqual(sessionKey);
      const other = await folder.privateKey("other");
      expect(await other.unwrap(of(name))).toBeNull();
      expect(await other.unwrap(Uint8Array.of(0xc1, 0x03, 3, 0, 0))).toBeNull();
    });

    test("is checked without the private key", async () => {
      const { fingerprint } = folder.publicKey(name);
      checkWrappedKey(of(name), fingerprint);
      checkWrappedKey(await wrapFor(folder.publicKey(name), fingerprint, sessionKey), fingerprint);
      const other = folder.publicKey("other").fingerprint;
      expect(await refusal("bad-wrapped-key", () => checkWrappedKey(of(name), other))).toBe(
        `the wrapped key is for another key than ${other}: it is damaged, or was tampered with`,
      );
    });

    test("is different each time, and always of one length", async () => {
      const again = await wrapForSsh(folder.publicKey(name), sessionKey);
      expect(again).not.toEqual(of(name));
      expect(readAgeFile(again).body).not.toEqual(readAgeFile(of(name)).body);
      expect(again.length).toBe(name === "rsa" ? 500 : 244);
    });

    test("with any bit flipped, cut short or with something behind it is refused", async () => {
      const whole = of(name);
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const changed = Uint8Array.from(whole);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        await isRefused(name, changed);
      }
      for (let length = 1; length < whole.length; length++) await isRefused(name, whole.subarray(0, length));
      await isRefused(name, Buffer.concat([whole, Uint8Array.of(10)]));
    }, 60_000);

    test("with anything else changed is refused", async () => {
      const arbitrary = fc.tuple(fc.nat(of(name).length - 1), fc.nat(8), fc.uint8Array({ maxLength: 8 }));
      await fc.assert(
        fc.asyncProperty(arbitrary, async ([at, count, junk]) => {
          const whole = Buffer.from(of(name));
          const changed = Buffer.concat([whole.subarray(0, at), junk, whole.subarray(at + count)]);
          if (!changed.equals(whole)) await isRefused(name, changed);
        }),
      );
      await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1 }), (junk) => isRefused(name, junk)));
    });
  });
}

/** Refused with the sentence of a damaged wrapped key, or said to be for another key. */
async function isRefused(name: string, bytes: Uint8Array): Promise<void> {
  try {
    expect(await key(name).unwrap(bytes)).toBeNull();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect(error.code).toBe("bad-wrapped-key");
  }
}

describe("an age file of another form is refused:", () => {
  const stanza = (text: string) => text.slice(text.indexOf("-> "), text.indexOf("--- "));

  test("with two stanzas, of another type, or with words too many or too few", async () => {
    const text = textOf("ed25519");
    const one = stanza(text);
    const none = "it is no age file with one stanza for an SSH key";
    expect(await why(text.replace(one, one + one))).toContain(none);
    expect(await why(text.replace(one, `-> grease\n\n${one}`))).toContain(none);
    expect(await why(text.replace("-> ssh-ed25519", "-> X25519"))).toContain(none);
    expect(await why(text.replace("-> ssh-ed25519", "-> ssh-Ed25519"))).toContain(none);
    expect(await why(text.replace("-> ssh-ed25519", "->  ssh-ed25519"))).toContain(none);
    expect(await why(text.replace("-> ssh-ed25519", "-> ssh-rsa"))).toContain("one word too many");
    expect(await why(text.replace(/(-> ssh-ed25519 \S+) \S+/, "$1"))).toContain("one word too few");
    expect(await why(text.replace(/(-> ssh-ed25519 \S+ \S+)/, "$1 x"))).toContain(none);
    expect(await why(text.replaceAll("\n", "\r\n"))).toContain(none);
    expect(await why(text.replace("v1\n", "v2\n"))).toContain(none);
    expect(await why(` ${text}`)).toContain(none);
    expect(await why("")).toContain(none);
    expect(await why(folder.run("age", ["-a", "-R", folder.at("ed25519.pub")], sessionKey))).toContain(none);
  });

  test("with base64 in another form than its one", async () => {
    const text = textOf("ed25519");
    // The last of 43 characters holds four bits.
    const other = (match: string) =>
      match.slice(0, -1) +
      (match.endsWith("A") ? "B" : String.fromCharCode(match.charCodeAt(match.length - 1) + 1));
    for (const field of [/--- \S+/, /^[A-Za-z0-9+/]{43}$/m, /(?<=-> ssh-ed25519 \S+ )\S+/])
      expect(await why(text.replace(field, other))).toContain("base64");
    expect(await why(text.replace(/--- \S+/, "$&="))).toContain("no age file");
  });

  test("with a value of another length than a session key, or with a file key of another length", async () => {
    for (const length of [0, 16, 31, 33, 65_536]) {
      const made = folder.run("age", ["-R", folder.at("rsa.pub")], new Uint8Array(length));
      expect(await why(made)).toContain("not as long as that of a session key");
    }
    const text = textOf("ed25519");
    expect(await why(text.replace(/^[A-Za-z0-9+/]{43}$/m, `$&${"A".repeat(11)}`))).toContain(
      "length is wrong",
    );
    const rsa = textOf("rsa");
    expect(await why(rsa.replace(/^[A-Za-z0-9+/]{64}\n/m, ""))).toContain("fits no RSA key");
    expect(await why(rsa.replace(/^[A-Za-z0-9+/]{64}\n/m, `${"A".repeat(64)}\n`.repeat(50)))).toContain(
      "fits no RSA key",
    );
  });

  test("for several readers", async () => {
    const both = folder.run("age", ["-R", folder.at("ed25519.pub"), "-R", folder.at("rsa.pub")], sessionKey);
    expect(await why(both)).toContain("one stanza");
  });
});

test("an ephemeral share of small order, which would make the shared secret zero, is refused", async () => {
  const text = textOf("ed25519");
  for (const share of [
    new Uint8Array(32),
    Uint8Array.of(1, ...new Uint8Array(31)),
    Buffer.from("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "hex"),
    Buffer.from("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", "hex"),
    Buffer.from("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "hex"),
  ]) {
    const base64 = Buffer.from(share).toString("base64").slice(0, 43);
    const changed = Buffer.from(text.replace(/(?<=-> ssh-ed25519 \S+ )\S+/, base64), "latin1");
    readAgeFile(changed);
    expect(await refusal("bad-wrapped-key", () => key("ed25519").unwrap(changed))).toBe(
      "the wrapped key cannot be opened: it is damaged, or was tampered with",
    );
  }
});

test("another session key under the same stanza is refused", async () => {
  const other = await wrapForSsh(folder.publicKey("rsa"), sessionKey);
  const changed = Buffer.concat([of("rsa").subarray(0, -64), other.subarray(-64)]);
  expect(await refusal("bad-wrapped-key", () => key("rsa").unwrap(changed))).toContain("cannot be opened");
});

test("the largest RSA key fits", async () => {
  const n = new Uint8Array(2048).fill(0xff);
  const wire = Buffer.concat([Buffer.from("AAAAB3NzaC1yc2EAAAADAQABAAAIAQA=", "base64"), n]);
  const large = readSshKey(wire);
  const made = await wrapForSsh(large, sessionKey);
  expect(made.length).toBeLessThan(3072);
  expect(readAgeFileFor(made, large.fingerprint).tag).toBe(tagOf(large.fingerprint));
});

test("what is no session key is a mistake in the program", async () => {
  await expect(wrapForSsh(folder.publicKey("rsa"), new Uint8Array(16))).rejects.toThrow(TypeError);
});
