/** The test vectors of age (C2SP's CCTV, package cctv-age), for what a wrapped key shares with them: header and payload. */
import { describe, expect, test } from "bun:test";
import { createHash, createHmac, generateKeyPairSync, hkdfSync, randomBytes } from "node:crypto";
import { inflateSync } from "node:zlib";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { Decrypter } from "age-encryption";
import * as packaged from "cctv-age";
import { refusal } from "../openpgp/gnupg-for-tests.ts";
import { encode, readAgeFile } from "./age-file.ts";
import { ed25519PrivateKey, fromKeyObject } from "./private-numbers.ts";
import type { SshKey } from "./public-key.ts";
import { wrapFileKey } from "./stanza.ts";
import { unwrapWithSsh } from "./wrapped-key.ts";

interface Vector {
  name: string;
  expect: string;
  armored: boolean;
  fileKey: Buffer;
  /** SHA-256 of what is decrypted, in hex */
  payload: string;
  file: Buffer;
}

function parse(name: string, bytes: Uint8Array): Vector {
  const whole = Buffer.from(bytes);
  const end = whole.indexOf("\n\n");
  const fields = new Map(
    whole
      .toString("latin1", 0, end)
      .split("\n")
      .map((line) => line.split(": ", 2) as [string, string]),
  );
  const file = whole.subarray(end + 2);
  return {
    name,
    expect: fields.get("expect") ?? "",
    armored: fields.get("armored") === "yes",
    fileKey: Buffer.from(fields.get("file key") ?? "", "hex"),
    payload: fields.get("payload") ?? "",
    file: fields.get("compressed") === "zlib" ? inflateSync(file) : file,
  };
}

const vectors = Object.entries(packaged as unknown as Record<string, Uint8Array>).map(([name, bytes]) =>
  parse(name, bytes),
);
const own = ed25519PrivateKey(randomBytes(32), null);
const sessionKey = randomBytes(32);
const x25519 = vectors.find(({ name }) => name === "x25519") as Vector;
const known = text(x25519.file).split("\n").slice(1, 3).join("\n");

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function hkdf(fileKey: Uint8Array, salt: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", fileKey, salt, info, 32));
}

/** The code of a header, from its first octet to the dashes. */
function mac(fileKey: Uint8Array, header: string): string {
  const hmac = createHmac("sha256", hkdf(fileKey, new Uint8Array(0), "header"));
  return encode(hmac.update(`${header.split("\n---")[0]}\n---`).digest());
}

/** The cipher of a payload of one piece. */
function value(fileKey: Uint8Array, nonce: Uint8Array) {
  return chacha20poly1305(hkdf(fileKey, nonce, "payload"), Uint8Array.of(...new Uint8Array(11), 1));
}

/** The same file for an SSH key: another stanza, a code that is right where it was, and a session key as its value. */
function twin({ file, fileKey, expect: expected }: Vector): Buffer {
  const { type, tag, ephemeralShare, body } = wrapFileKey(own.publicKey, fileKey);
  const stanza = `-> ${type} ${tag} ${encode(ephemeralShare ?? new Uint8Array(0))}\n${encode(body)}`;
  const whole = text(file);
  const headerEnd = whole.indexOf("\n", whole.indexOf("\n---") + 1) + 1;
  const header = whole.slice(0, headerEnd);
  const changed = header.replace(known, stanza).replace(/^-> X25519(?= )/gm, `-> ${type} ${tag}`);
  const renewed = changed.replace(mac(fileKey, header), mac(fileKey, changed));
  const nonce = randomBytes(16);
  const hasOwnPayload = expected === "payload failure" || headerEnd + 16 > file.length;
  const payload = hasOwnPayload
    ? file.subarray(headerEnd)
    : Buffer.concat([nonce, value(fileKey, nonce).encrypt(sessionKey)]);
  return Buffer.concat([Buffer.from(renewed, "latin1"), payload]);
}

/** A whole wrapped key, made without the library. */
function made(key: SshKey, fileKey: Uint8Array): Buffer {
  const { type, tag, body } = wrapFileKey(key, fileKey);
  const lines = encode(body).replace(/.{64}/g, "$&\n");
  const header = `age-encryption.org/v1\n-> ${type} ${tag}\n${lines}\n---`;
  const nonce = randomBytes(16);
  const payload = value(fileKey, nonce).encrypt(sessionKey);
  return Buffer.concat([Buffer.from(`${header} ${mac(fileKey, header)}\n`), nonce, payload]);
}

const open = (bytes: Uint8Array) => unwrapWithSsh(own.publicKey, own.opener(), bytes);

test("there are as many as there were", () => {
  expect(vectors).toHaveLength(143);
  expect(new Set(vectors.map(({ expect: expected }) => expected)).size).toBe(6);
});

test("none is a wrapped key as it is: all are for other kinds of keys", async () => {
  for (const { file } of vectors) await refusal("bad-wrapped-key", () => readAgeFile(file));
});

describe("as a wrapped key for an SSH key,", () => {
  const twins = vectors.filter(({ armored, file }) => !armored && /-> [xX]25519 /.test(text(file)));

  test("a good one is opened", async () => {
    expect(await open(twin(x25519))).toEqual(Uint8Array.from(sessionKey));
  });

  test("one for RSA is opened, but not with a file key of another length", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { publicKey, opener } = fromKeyObject(privateKey);
    const unwrap = (length: number) =>
      unwrapWithSsh(publicKey, opener(), made(publicKey, randomBytes(length)));
    expect(await unwrap(16)).toEqual(Uint8Array.from(sessionKey));
    for (const length of [0, 15, 17, 24, 32]) await refusal("bad-wrapped-key", () => unwrap(length));
  });

  for (const vector of twins.filter(({ expect: expected }) => expected !== "success")) {
    test(`${vector.name} is refused (${vector.expect})`, async () => {
      await refusal("bad-wrapped-key", () => open(twin(vector)));
    });
  }

  test("those with other stanzas beside are refused, though age takes them", async () => {
    for (const vector of twins.filter(({ expect: expected }) => expected === "success")) {
      const stanzas = text(vector.file).split("\n-> ").length - 1;
      if (stanzas > 1) await refusal("bad-wrapped-key", () => open(twin(vector)));
      else expect(await open(twin(vector))).toEqual(Uint8Array.from(sessionKey));
    }
  });
});

/** Of the stanzas for age's own kinds of keys these are about what is inside, which our own stanza has instead. */
const aboutStanzas = /^(?:x25519|hybrid|scrypt)_/;

describe("the library that opens the container, once the key of the file is known,", () => {
  for (const vector of vectors.filter(({ armored, name }) => !armored && !aboutStanzas.test(name))) {
    test(`answers ${vector.name} with ${vector.expect}`, async () => {
      const decrypter = new Decrypter();
      decrypter.addIdentity({ unwrapFileKey: () => Uint8Array.from(vector.fileKey) });
      const opened = decrypter.decrypt(vector.file);
      if (vector.expect === "success")
        expect(
          createHash("sha256")
            .update(await opened)
            .digest("hex"),
        ).toBe(vector.payload);
      else await expect(opened).rejects.toThrow();
    });
  }
});
