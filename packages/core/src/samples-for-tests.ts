/** A small store's manifests, and what a refusal says, for the tests of this folder. */
import fc from "fast-check";
import type { Known } from "./checks.ts";
import { digestOf } from "./digest.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { encodeManifest, type Manifest, type Member, type Property, parseManifest } from "./manifest.ts";
import { Problem, type ProblemCode } from "./problem.ts";

export const storeId = "4b2a7c1e-90d3-4f6a-8e15-2c7d90ab34ef";
export const objectId = "0f8e6d5c-1b2a-4c3d-9e8f-7a6b5c4d3e2f";

/** @param digit makes one key of another */
export function key(digit: string): Fingerprint {
  return `openpgp:${digit.repeat(40)}`;
}

/** A member with one key, that encrypts with its own (sub)key. */
export function member(access: "read" | "write", digit: string): Member {
  return { access, keys: new Map([[key(digit), key(digit)]]) };
}

export function writeOnlyMember(digit: string): Member {
  return { access: "write", keys: new Map([[key(digit), null]]) };
}

export function publicValue(text: string, revision: number): Property {
  return { kind: "public", digest: digestOf(text), size: text.length, revision };
}

export function encryptedValue(text: string, revision: number): Property {
  return {
    kind: "encrypted",
    digest: digestOf(text),
    size: 256,
    revision,
    commitment: digestOf(`key of ${text}`),
  };
}

/** Revision 1, made by alex, who writes with the key 1111…; joe reads with 2222…. */
export const first: Manifest = {
  store: storeId,
  object: { id: objectId, name: "walter.example.com" },
  revision: 1,
  previous: null,
  author: { user: "alex", key: key("1") },
  time: "2026-03-01T12:00:00Z",
  members: new Map([
    ["alex", member("write", "1")],
    ["joe", member("read", "2")],
  ]),
  properties: new Map([
    ["ip-address", publicValue("10.1.2.3", 1)],
    ["password", encryptedValue("hunter2", 1)],
  ]),
  deleted: false,
};

/** As if it had come from the network. */
export function known(manifest: Manifest): Known {
  const text = encodeManifest(manifest);
  return { manifest: parseManifest(text), digest: digestOf(text) };
}

/** The revision that continues another as it should, but for what is told. */
export function after(before: Known, changes: Partial<Manifest> = {}): Known {
  const { manifest, digest } = before;
  return known({ ...manifest, revision: manifest.revision + 1, previous: digest, ...changes });
}

/** The code and sentence of the problem that `act` must end with. Any other error passes through. */
export function problemOf(act: () => unknown): { code: ProblemCode; message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("was not refused");
}

/** Names that trip JavaScript objects, and any other of printable ASCII. */
export const anyName = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toJSON",
    "hasOwnProperty",
    "0",
    "10",
    "9",
    "a/b=c %\"'\\",
    " ",
  ),
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 255 }),
  fc.constant("x".repeat(255)),
);
