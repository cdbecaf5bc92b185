/** SSH public keys: `ssh-rsa` (RFC 4253, section 6.6) and `ssh-ed25519` (RFC 8709, section 4). */
import { createHash } from "node:crypto";
import type { Fingerprint } from "../fingerprint.ts";
import { readable } from "../fingerprint.ts";
import type { KeyPart, KeyParts } from "../keys/parts.ts";
import { Problem } from "../problem.ts";
import { isUsablePoint } from "./curve.ts";
import { readKeyLine } from "./key-line.ts";
import { WireReader } from "./wire.ts";

/** A public key of OpenSSH, which has no subkeys and never expires; `bytes` are its wire form. */
export interface SshKey extends KeyParts<KeyPart> {
  readonly type: "ssh";
  readonly algorithmName: "ssh-rsa" | "ssh-ed25519";
}

/** What a key's wire form holds. Numbers are big-endian, without leading zeros. */
export type KeyNumbers =
  | { readonly algorithmName: "ssh-rsa"; readonly n: Uint8Array; readonly e: Uint8Array }
  | { readonly algorithmName: "ssh-ed25519"; readonly point: Uint8Array };

/**
 * @param input a line as in `id_ed25519.pub`, or the wire form
 * @param owner the user whose key it is, for the sentence
 * @throws Problem `unusable-key`, whose sentence says why
 */
export function readSshKey(input: string | Uint8Array, owner?: string): SshKey {
  const whose = owner === undefined ? "this SSH key" : `${owner}'s SSH key`;
  const refuse = (why: string) => new Problem("unusable-key", `${whose} cannot be used: ${why}`);
  const { bytes, algorithmName, comment } = linesOrWire(input, refuse);
  const fingerprint = sshFingerprint(bytes);
  const known = (why: string) =>
    new Problem("unusable-key", `${whose} ${readable(fingerprint)} cannot be used: ${why}`);
  const numbers = readNumbers(bytes, refuse);
  if (algorithmName !== null && algorithmName !== numbers.algorithmName)
    throw known(`it says ${algorithmName} in front, and ${numbers.algorithmName} inside; copy it again`);
  const part: KeyPart = {
    fingerprint,
    algorithm: checkedAlgorithm(numbers, known),
    created: new Date(0),
    expires: null,
    revoked: false,
    unsuitable: null,
  };
  return {
    type: "ssh",
    algorithmName: numbers.algorithmName,
    bytes,
    fingerprint,
    algorithm: part.algorithm,
    userIds: comment === "" ? [] : [comment],
    created: part.created,
    expires: null,
    revoked: false,
    primary: part,
    encrypting: [part],
    signing: [part],
  };
}

/** The SHA-256 of the wire form, as `ssh-keygen -l` prints it. */
export function sshFingerprint(bytes: Uint8Array): Fingerprint {
  return `ssh:SHA256:${createHash("sha256").update(bytes).digest("base64").slice(0, 43)}`;
}

/** The numbers of a key that was read. */
export function numbersOf(key: SshKey): KeyNumbers {
  return readNumbers(key.bytes, (why) => new Problem("unusable-key", `${key.fingerprint}: ${why}`));
}

/** @throws Problem `unusable-key` when they are different keys */
export function mergeSshKeys(a: { fingerprint: string }, b: { fingerprint: string }): SshKey {
  if (a.fingerprint === b.fingerprint) return a as SshKey;
  throw new Problem(
    "unusable-key",
    `${a.fingerprint} and ${b.fingerprint} are different keys, and cannot be merged`,
  );
}

type Refuse = (why: string) => Problem;

function linesOrWire(input: string | Uint8Array, refuse: Refuse) {
  // In the wire form the length of the algorithm's name comes first, and its first octet is zero.
  if (typeof input !== "string" && input[0] === 0)
    return { bytes: Uint8Array.from(input), algorithmName: null, comment: "" };
  return readKeyLine(typeof input === "string" ? input : Buffer.from(input).toString("utf8"), refuse);
}

function readNumbers(bytes: Uint8Array, refuse: Refuse): KeyNumbers {
  const damaged = (why: string) => refuse(`it is damaged (${why}); copy it again, whole`);
  const reader = new WireReader(bytes, damaged);
  const algorithmName = reader.text();
  const why = whyRefused(algorithmName);
  if (why !== null) throw refuse(why);
  if (algorithmName === "ssh-rsa") {
    const e = reader.mpint();
    const n = reader.mpint();
    reader.end();
    return { algorithmName, n, e };
  }
  const point = reader.string();
  reader.end();
  return { algorithmName: "ssh-ed25519", point };
}

/** Why no key of an algorithm can be used, as the end of a sentence; null for those that can. */
export function whyRefused(algorithmName: string): string | null {
  const instead = "make one with `ssh-keygen -t ed25519`";
  if (algorithmName === "ssh-rsa" || algorithmName === "ssh-ed25519") return null;
  if (algorithmName.endsWith("-cert-v01@openssh.com"))
    return "it is a certificate: give the public key that it was made from";
  if (algorithmName.startsWith("sk-"))
    return `it is a key on a FIDO token, which can sign but not decrypt; ${instead}`;
  if (algorithmName.startsWith("ecdsa-sha2-"))
    return `it is an ECDSA key, which can sign but not decrypt; ${instead}`;
  if (algorithmName === "ssh-dss") return `it is a DSA key, which is weak and cannot decrypt; ${instead}`;
  const name = /^[!-~]{1,64}$/.test(algorithmName) ? ` (${algorithmName})` : "";
  return `its algorithm${name} is neither ssh-rsa nor ssh-ed25519`;
}

/** @returns the algorithm's name with its size, as `rsa3072` */
function checkedAlgorithm(numbers: KeyNumbers, refuse: Refuse): string {
  if (numbers.algorithmName === "ssh-ed25519") {
    if (numbers.point.length !== 32)
      throw refuse("it is damaged (its length is wrong); copy it again, whole");
    if (!isUsablePoint(numbers.point)) throw refuse("its number is no point that a true key can have");
    return "ed25519";
  }
  const { n, e } = numbers;
  const bits = bitsOf(n);
  if (bits < 2048)
    throw refuse(
      `it is RSA with ${bits} bits, and 2048 is the least; make one with \`ssh-keygen -t ed25519\``,
    );
  if (bits > 16384) throw refuse(`it is RSA with ${bits} bits, and 16384 is the most`);
  if (((n.at(-1) ?? 0) & 1) === 0) throw refuse("its modulus is even, as no true key's is");
  // What BoringSSL takes. ssh-keygen has made 65537 since 2010, and 35 before.
  if (((e.at(-1) ?? 0) & 1) === 0 || bitsOf(e) < 2 || bitsOf(e) > 33)
    throw refuse("its exponent is none that a true key has");
  return `rsa${bits}`;
}

/** How many bits a number has. @param magnitude big-endian, without leading zeros */
function bitsOf(magnitude: Uint8Array): number {
  return magnitude.length * 8 - Math.clz32(magnitude[0] ?? 0) + 24;
}
