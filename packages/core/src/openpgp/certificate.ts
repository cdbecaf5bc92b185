/**
 * OpenPGP certificates ("public keys"; RFC 9580, section 10.1) of version 4: what is in them. What they are good for
 * is in keys/usability.ts.
 *
 * Structure and policy are ours; OpenPGP.js checks the signatures.
 */
import { openpgpFingerprint, readable } from "../fingerprint.ts";
import type { KeyPart as AnyPart, KeyParts } from "../keys/parts.ts";
import { Problem } from "../problem.ts";
import { type Block, join, readBlock } from "./key-block.ts";
import type { RawPacket } from "./packet.ts";
import {
  agreed,
  type KeyPacket,
  latest,
  latestCertification,
  readKeyPacket,
  type SelfSignature,
  types,
} from "./selfsignature.ts";

/** A primary key or a subkey. */
export interface KeyPart extends AnyPart {
  /** the key packet, for OpenPGP.js */
  packet: RawPacket;
}

/** `bytes` are the binary key block, without what nobody needs (photos, trust packets). */
export interface Certificate extends KeyParts<KeyPart> {
  readonly type: "openpgp";
}

/**
 * @param input an armored or binary block with exactly one public key, of at most 256 KiB
 * @param owner the user whose key it is, for the sentence
 * @throws Problem `unusable-key`, whose sentence says why
 */
export async function readCertificate(input: string | Uint8Array, owner?: string): Promise<Certificate> {
  return examine(readBlock(input), owner);
}

async function examine(block: Block, owner?: string): Promise<Certificate> {
  const { packet } = block.primary;
  if (packet.content[0] !== 4) {
    throw new Problem(
      "unusable-key",
      `this OpenPGP key is of version ${packet.content[0]}: pstore uses version 4 alone`,
    );
  }
  const key = await readKeyPacket(packet);
  const why = unsuitable(packet, key);
  if (key === null || why !== null) {
    throw new Problem("unusable-key", `${nameOf(key, owner)} cannot be used: ${why ?? "it is damaged"}`);
  }

  const names: string[] = [];
  const about: SelfSignature[] = [];
  for (const component of block.userIds) {
    const self = await latestCertification(component, key);
    if (self === null) continue;
    names.push(Buffer.from(component.packet.content).toString("utf8"));
    about.push(self);
  }
  const direct = await latest(block.primary.signatures, [types.directKey], key, { key });
  if (names.length === 0) {
    throw new Problem(
      "unusable-key",
      `${nameOf(key, owner)} cannot be used: it has no user id that it signed and did not revoke`,
    );
  }
  if (direct !== null) about.push(direct);
  about.sort((a, b) => (b.created?.getTime() ?? 0) - (a.created?.getTime() ?? 0));
  const newest = about[0] ?? null;
  const flags = about.find(({ keyFlags }) => keyFlags !== null)?.keyFlags ?? null;
  const revoked = (await latest(block.primary.signatures, [types.keyRevocation], key, { key })) !== null;
  const primary: KeyPart = {
    ...describe(packet, key),
    expires: expiry(key, newest),
    revoked,
    unsuitable: null,
    packet,
  };

  const encrypting: KeyPart[] = [];
  const signing: KeyPart[] = [];
  for (const component of block.subkeys) {
    const subkey = await readKeyPacket(component.packet);
    if (subkey === null) continue;
    const binding = await latest(component.signatures, [types.subkeyBinding], key, { key, bind: subkey });
    if (binding === null) continue;
    const subject = { key, bind: subkey };
    const part: KeyPart = {
      ...describe(component.packet, subkey),
      expires: earlier(expiry(subkey, binding), primary.expires),
      revoked:
        revoked || (await latest(component.signatures, [types.subkeyRevocation], key, subject)) !== null,
      unsuitable: unsuitable(component.packet, subkey),
      packet: component.packet,
    };
    const may = abilities(subkey, binding.keyFlags);
    if (may.encrypt) encrypting.push(part);
    if (may.sign && (await agreed(component.signatures, key, subkey))) signing.push(part);
  }
  const may = abilities(key, flags);
  if (may.encrypt) encrypting.push(primary);
  if (may.sign) signing.unshift(primary);

  return {
    type: "openpgp",
    bytes: join(block),
    fingerprint: primary.fingerprint,
    algorithm: primary.algorithm,
    userIds: names,
    created: primary.created,
    expires: primary.expires,
    revoked,
    primary,
    encrypting,
    signing,
  };
}

function nameOf(key: KeyPacket | null, owner: string | undefined): string {
  if (owner === undefined) return "this OpenPGP key";
  return key === null
    ? `${owner}'s key`
    : `${owner}'s key ${readable(openpgpFingerprint(key.getFingerprint()))}`;
}

function describe(packet: RawPacket, key: KeyPacket) {
  return {
    fingerprint: openpgpFingerprint(key.getFingerprint()),
    algorithm: algorithmName(key) ?? `unknown algorithm ${packet.content[5]}`,
    created: key.created,
  };
}

const curves: Record<string, string> = {
  ed25519Legacy: "ed25519",
  curve25519Legacy: "cv25519",
  nistP256: "nistp256",
  nistP384: "nistp384",
  nistP521: "nistp521",
  brainpoolP256r1: "brainpoolP256r1",
  brainpoolP384r1: "brainpoolP384r1",
  brainpoolP512r1: "brainpoolP512r1",
};

/** Numbers of public-key algorithms (RFC 9580, section 9.1). */
const algorithms = { rsa: 1, ecdh: 18, ecdsa: 19, eddsa: 22 };

/** In GnuPG's words; null for what this program does not use. */
function algorithmName(key: KeyPacket): string | null {
  const { bits, curve } = key.getAlgorithmInfo();
  const algorithm: number = key.algorithm;
  if (algorithm === algorithms.rsa) return `rsa${bits}`;
  if (algorithm !== algorithms.ecdh && algorithm !== algorithms.ecdsa && algorithm !== algorithms.eddsa)
    return null;
  return curves[curve ?? ""] ?? null;
}

/** Algorithms that people may still have, and that are refused by name. */
const refusedAlgorithms: Record<number, string> = {
  2: "RSA for encryption alone",
  3: "RSA for signing alone",
  16: "ElGamal",
  17: "DSA",
};

function unsuitable(packet: RawPacket, key: KeyPacket | null): string | null {
  const algorithm = packet.content[5] ?? 0;
  const refused = refusedAlgorithms[algorithm];
  if (refused !== undefined) return `its algorithm is ${refused}, and pstore uses RSA and elliptic curves`;
  if (key === null) return `its algorithm (${algorithm}) or form is unknown to pstore`;
  const { bits, curve } = key.getAlgorithmInfo();
  if (algorithm === algorithms.rsa && (bits ?? 0) < 2048)
    return `it is RSA with ${bits} bits, and 2048 is the least`;
  if (algorithmName(key) === null)
    return `its curve or algorithm (${curve ?? algorithm}) is none that pstore uses`;
  return null;
}

/** By key flags (RFC 9580, section 5.2.3.29); without any, what the algorithm can do, as GnuPG has it. */
function abilities(key: KeyPacket, flags: ArrayLike<number> | null): { encrypt: boolean; sign: boolean } {
  const algorithm: number = key.algorithm;
  const first = flags?.[0] ?? (flags === null ? 0xff : 0);
  const encrypts = algorithm === algorithms.rsa || algorithm === algorithms.ecdh;
  return {
    encrypt: encrypts && (first & 0x0c) !== 0,
    sign: algorithm !== algorithms.ecdh && (first & 0x02) !== 0,
  };
}

function expiry(key: KeyPacket, signature: SelfSignature | null): Date | null {
  let expires: Date | null = null;
  if (signature?.keyExpirationTime)
    expires = new Date(key.created.getTime() + signature.keyExpirationTime * 1000);
  const ownEnd = signature?.getExpirationTime();
  return ownEnd instanceof Date ? earlier(expires, ownEnd) : expires;
}

/** The earlier of two times; null: never. */
function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
