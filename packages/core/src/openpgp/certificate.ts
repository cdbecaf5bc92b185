/**
 * OpenPGP certificates ("public keys"; RFC 9580, section 10.1) of version 4: what is in them, what they are good
 * for, and what two copies of the same one say together.
 *
 * Structure and policy are ours; OpenPGP.js checks the signatures. It forgets what it does not understand when it
 * merges, and does not accept what it takes for expired at the time of merging.
 */
import { type Fingerprint, openpgpFingerprint, readable } from "../fingerprint.ts";
import { Problem } from "../problem.ts";
import { dearmor, privateKey } from "./armor.ts";
import { concat, type RawPacket, splitPackets, tags } from "./packet.ts";
import {
  claims,
  type KeyPacket,
  readKeyPacket,
  readSignature,
  strongHashes,
  types,
  verified,
} from "./selfsignature.ts";

export { armor } from "./armor.ts";

/** The largest key block that is read, in bytes, armored or not. */
export const largestCertificate = 256 * 1024;

/** A primary key or a subkey that may encrypt or sign. */
export interface KeyPart {
  fingerprint: Fingerprint;
  /** as GnuPG names it: rsa2048, cv25519, ed25519, nistp256, brainpoolP256r1 … */
  algorithm: string;
  created: Date;
  /** when this part or its primary key expires, whichever is first; null: never */
  expires: Date | null;
  /** whether this part or its primary key was ever revoked, for whatever reason */
  revoked: boolean;
  /** why it can never be used, as the end of a sentence ("it has only 1024 bits"); null where nothing speaks against it */
  unsuitable: string | null;
  /** the key packet, for OpenPGP.js */
  packet: RawPacket;
}

export interface Certificate {
  /** the binary key block, without what nobody needs (photos, trust packets) */
  bytes: Uint8Array<ArrayBuffer>;
  /** of the primary key */
  fingerprint: Fingerprint;
  algorithm: string;
  /** Those that the key holder signed and did not revoke. Written by strangers: show them escaped, believe nothing. */
  userIds: string[];
  created: Date;
  /** null: never */
  expires: Date | null;
  revoked: boolean;
  /** the primary key, which may or may not sign (then it also stands in `signing`) */
  primary: KeyPart;
  /** parts that may encrypt, in the order of the block, subkeys before the primary key; usable or not */
  encrypting: KeyPart[];
  /** parts that may sign, each with proof that it agreed to belong to this primary key; usable or not */
  signing: KeyPart[];
}

/** A part of the block with the signatures behind it. */
interface Component {
  packet: RawPacket;
  signatures: RawPacket[];
}

interface Block {
  primary: Component;
  userIds: Component[];
  subkeys: Component[];
}

/**
 * @param input an armored or binary block with exactly one public key, of at most 256 KiB
 * @param owner the user whose key it is, for the sentence
 * @throws Problem `unusable-key`, whose sentence says why
 */
export async function readCertificate(input: string | Uint8Array, owner?: string): Promise<Certificate> {
  if (input.length > largestCertificate) {
    throw new Problem(
      "unusable-key",
      "This key is over 256 KiB: export it with `--export-options export-minimal`",
    );
  }
  return examine(divide(typeof input === "string" ? dearmor(input) : binary(input)), owner);
}

function binary(input: Uint8Array): Uint8Array {
  // A file is read as bytes, whether it is armored or not; every packet begins with an octet over 127.
  return (input[0] ?? 0) < 0x80 ? dearmor(Buffer.from(input).toString("latin1")) : input;
}

/** Divides a key block, and leaves out what has no place in ours. */
function divide(bytes: Uint8Array): Block {
  const packets = splitPackets(bytes, { code: "unusable-key", what: "This OpenPGP public key" });
  const [first, ...others] = packets;
  if (packets.some(({ tag }) => tag === tags.secretKey || tag === tags.secretSubkey)) throw privateKey();
  if (first === undefined || first.tag !== tags.publicKey) {
    throw new Problem("unusable-key", "This is no OpenPGP public key: it does not begin with one");
  }
  if (others.some(({ tag }) => tag === tags.publicKey)) {
    throw new Problem("unusable-key", "This block holds several OpenPGP keys: give one key at a time");
  }
  const block: Block = { primary: { packet: first, signatures: [] }, userIds: [], subkeys: [] };
  let last: Component | undefined = block.primary;
  for (const packet of others) {
    if (packet.tag === tags.signature) {
      last?.signatures.push(packet);
    } else if (packet.tag === tags.userId || packet.tag === tags.publicSubkey) {
      last = { packet, signatures: [] };
      (packet.tag === tags.userId ? block.userIds : block.subkeys).push(last);
    } else if (packet.tag !== tags.trust && packet.tag !== tags.marker) {
      // Also drops the signatures on a part that is dropped.
      last = undefined;
    }
  }
  return block;
}

function join({ primary, userIds, subkeys }: Block): Uint8Array<ArrayBuffer> {
  const all = [primary, ...userIds, ...subkeys].flatMap(({ packet, signatures }) => [packet, ...signatures]);
  return concat(all.map(({ whole }) => whole));
}

async function examine(block: Block, owner?: string): Promise<Certificate> {
  const { packet } = block.primary;
  if (packet.content[0] !== 4) {
    throw new Problem(
      "unusable-key",
      `This OpenPGP key is of version ${packet.content[0]}: pstore uses version 4 alone`,
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
  const revoked = (await anyVerified(block.primary.signatures, [types.keyRevocation], key, { key })) !== null;
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
        revoked || (await anyVerified(component.signatures, [types.subkeyRevocation], key, subject)) !== null,
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
  if (owner === undefined) return "This OpenPGP key";
  return key === null
    ? `${owner}'s key`
    : `${owner}'s key ${readable(openpgpFingerprint(key.getFingerprint()))}`;
}

type SelfSignature = NonNullable<Awaited<ReturnType<typeof verified>>>;
type Subject = Parameters<typeof verified>[3];

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

function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/** The newest signature that verifies; of two of the same second the later one in the block. */
async function latest(
  signatures: RawPacket[],
  allowed: number[],
  key: KeyPacket,
  subject: Subject,
): Promise<SelfSignature | null> {
  for (const { content } of newestFirst(signatures, allowed, key)) {
    const signature = await verified(content, allowed, key, subject);
    if (signature !== null) return signature;
  }
  return null;
}

function newestFirst(signatures: RawPacket[], allowed: number[], key: KeyPacket): RawPacket[] {
  const candidates = signatures.flatMap((raw) => {
    const read = readSignature(raw.content);
    if (read === null || !allowed.includes(read.signatureType ?? -1) || !claims(read, key)) return [];
    return [{ raw, created: read.created?.getTime() ?? 0 }];
  });
  return candidates
    .reverse()
    .sort((a, b) => b.created - a.created)
    .map(({ raw }) => raw);
}

const anyVerified = latest;

/** The newest self-certification of a user id, unless it was revoked after that. */
async function latestCertification(
  { packet, signatures }: Component,
  key: KeyPacket,
): Promise<SelfSignature | null> {
  const subject = userIdSubject(key, packet);
  const certification = await latest(signatures, types.certifications, key, subject);
  const revocation = await latest(signatures, [types.certificationRevocation], key, subject);
  if (certification === null || (revocation !== null && !newer(certification, revocation))) return null;
  return certification;
}

function userIdSubject(key: KeyPacket, userId: RawPacket) {
  return { key, userID: { write: () => userId.content } };
}

function newer(a: SelfSignature, b: SelfSignature): boolean {
  return (a.created?.getTime() ?? 0) > (b.created?.getTime() ?? 0);
}

/** Whether a subkey signed that it belongs to this primary key, in one of its valid bindings. */
async function agreed(signatures: RawPacket[], key: KeyPacket, subkey: KeyPacket): Promise<boolean> {
  const subject = { key, bind: subkey };
  for (const { content } of newestFirst(signatures, [types.subkeyBinding], key)) {
    const binding = await verified(content, [types.subkeyBinding], key, subject);
    if (binding !== null && (await hasBackSignature(binding, subject, subkey))) return true;
  }
  return false;
}

async function hasBackSignature(
  binding: SelfSignature,
  subject: Subject,
  subkey: KeyPacket,
): Promise<boolean> {
  const back = binding.embeddedSignature;
  return back !== null && (await verified(back.write(), [types.primaryBinding], subkey, subject)) !== null;
}

/** Why a part cannot be used at this time, as the end of "… cannot be used: "; null when it can. */
export function whyUnusable(part: KeyPart, now: Date): string | null {
  if (part.revoked) return "it is revoked";
  if (part.unsuitable !== null) return part.unsuitable;
  if (part.expires !== null && part.expires <= now) return `it is expired since ${day(part.expires)}`;
  // A day of grace, for clocks that are wrong.
  if (part.created.getTime() > now.getTime() + 86_400_000)
    return `it is not valid before ${day(part.created)}`;
  return null;
}

/** As GnuPG shows dates, but in UTC. */
function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/**
 * The part to encrypt to: the newest usable subkey, or the primary key where no subkey is usable.
 * @param whose begins the sentence, for example "joe's key 0123 4567 …"
 * @throws Problem `unusable-key`
 */
export function encryptionSubkey(certificate: Certificate, now: Date, whose: string): KeyPart {
  return usableParts(certificate, certificate.encrypting, now, whose, "encrypt")[0] as KeyPart;
}

/**
 * All parts that may sign at this time, never none.
 * @param whose begins the sentence, for example "joe's key 0123 4567 …"
 * @throws Problem `unusable-key`
 */
export function signingParts(certificate: Certificate, now: Date, whose: string): KeyPart[] {
  return usableParts(certificate, certificate.signing, now, whose, "sign");
}

function usableParts(
  { primary }: Certificate,
  parts: KeyPart[],
  now: Date,
  whose: string,
  verb: string,
): KeyPart[] {
  const whole = whyUnusable(primary, now);
  if (whole !== null) throw new Problem("unusable-key", `${whose} cannot be used: ${whole}`);
  // Newest first; of two of the same second the later one, and the primary key after all subkeys.
  const rank = (part: KeyPart) => (part === primary ? Number.NEGATIVE_INFINITY : part.created.getTime());
  const sorted = [...parts].reverse().sort((a, b) => rank(b) - rank(a));
  const [newest] = sorted;
  if (newest === undefined) {
    const other = verb === "encrypt" ? "sign-only" : "not made for signing";
    throw new Problem("unusable-key", `${whose} cannot be used: it cannot ${verb} (it is ${other})`);
  }
  const usable = sorted.filter((part) => whyUnusable(part, now) === null);
  if (usable.length > 0) return usable;
  const why = whyUnusable(newest, now);
  throw new Problem("unusable-key", `${whose} cannot be used: of its newest part that could ${verb}, ${why}`);
}

/**
 * When the certificate stops being good for reading, if that is within so many days: the earlier expiry of its
 * primary key and of the part that one would encrypt to now. Null: later, never, or unusable already.
 */
export function expiresWithin(certificate: Certificate, days: number, now: Date): Date | null {
  const [part] = certificate.encrypting.length > 0 ? usableOrNone(certificate, now) : [certificate.primary];
  const expires = part === undefined ? null : earlier(part.expires, certificate.expires);
  if (expires === null || expires <= now) return null;
  return expires.getTime() - now.getTime() <= days * 86_400_000 ? expires : null;
}

function usableOrNone(certificate: Certificate, now: Date): KeyPart[] {
  try {
    return [encryptionSubkey(certificate, now, "")];
  } catch {
    return [];
  }
}

/**
 * What two copies of a certificate say together. Nothing that the key holder ever signed is lost, revocations and
 * newer subkeys above all; what does not verify is not taken over. Merging what is known already changes no byte.
 * @throws Problem `unusable-key` when they are different keys
 */
export async function mergeCertificates(a: Certificate, b: Certificate): Promise<Certificate> {
  if (a.fingerprint !== b.fingerprint) {
    throw new Problem(
      "unusable-key",
      `${a.fingerprint} and ${b.fingerprint} are different keys, and cannot be merged`,
    );
  }
  const block = divide(a.bytes);
  const others = divide(b.bytes);
  const key = await readKeyPacket(block.primary.packet);
  if (key === null) throw new Problem("unusable-key", `${a.fingerprint} is damaged`);

  await take(block.primary, others.primary, key, { key });
  for (const theirs of others.userIds) {
    await takeComponent(block.userIds, theirs, key, userIdSubject(key, theirs.packet));
  }
  for (const theirs of others.subkeys) {
    const subkey = await readKeyPacket(theirs.packet);
    if (subkey !== null) await takeComponent(block.subkeys, theirs, key, { key, bind: subkey });
  }
  takeCertifications(block, others, key);
  return examine(block);
}

async function takeComponent(
  mine: Component[],
  theirs: Component,
  key: KeyPacket,
  subject: Subject,
): Promise<void> {
  const known = mine.find(({ packet }) => same(packet.content, theirs.packet.content));
  const component = known ?? { packet: theirs.packet, signatures: [] };
  await take(component, theirs, key, subject);
  if (known === undefined && component.signatures.length > 0) mine.push(component);
}

/** Takes over the key holder's own signatures that verify. */
async function take(mine: Component, theirs: Component, key: KeyPacket, subject: Subject): Promise<void> {
  const fresh = theirs.signatures.filter(
    ({ content }) => !mine.signatures.some((known) => same(known.content, content)),
  );
  if (fresh.length === 0) return;
  const known = new Set<string>();
  for (const { content } of mine.signatures) {
    const identity = await selfSignatureIdentity(content, key, subject);
    if (identity !== null) known.add(identity);
  }
  for (const raw of fresh) {
    const identity = await selfSignatureIdentity(raw.content, key, subject);
    if (identity === null || known.has(identity)) continue;
    known.add(identity);
    mine.signatures.push(raw);
  }
}

const selfSignatureTypes = [
  ...types.certifications,
  types.subkeyBinding,
  types.directKey,
  types.keyRevocation,
  types.subkeyRevocation,
  types.certificationRevocation,
];

/**
 * What a valid self-signature says: its signed octets, and whether a back-signature is there. Anyone may change the
 * unsigned octets, and must not make a certificate grow so. (GnuPG puts back-signatures there.)
 */
async function selfSignatureIdentity(
  content: Uint8Array,
  key: KeyPacket,
  subject: Subject,
): Promise<string | null> {
  const signature = await verified(content, selfSignatureTypes, key, subject);
  if (signature === null) return null;
  const subkey = subject instanceof Uint8Array ? undefined : subject.bind;
  const agrees = subkey !== undefined && (await hasBackSignature(signature, subject, subkey));
  const signed = content.subarray(0, 6 + (((content[4] ?? 0) << 8) | (content[5] ?? 0)));
  return `${Buffer.from(signed).toString("base64")} ${agrees}`;
}

/** Other people's certifications cannot be verified here: they come along while there is room for them. */
function takeCertifications(block: Block, others: Block, key: KeyPacket): void {
  let room = largestCertificate / 2 - join(block).length;
  for (const mine of block.userIds) {
    const theirs = others.userIds.find(({ packet }) => same(packet.content, mine.packet.content));
    for (const raw of theirs?.signatures ?? []) {
      const read = readSignature(raw.content);
      if (
        read === null ||
        claims(read, key) ||
        mine.signatures.some(({ content }) => same(content, raw.content))
      )
        continue;
      room -= raw.whole.length;
      if (room < 0) return;
      mine.signatures.push(raw);
    }
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/**
 * Whether the primary key of `signer` certified a user id that the certificate has, by SHA-256 or better, and has
 * not revoked that since. A revoked signer certifies nothing.
 */
export async function isCertifiedBy(
  certificate: Certificate,
  signer: Certificate,
  now = new Date(),
): Promise<boolean> {
  if (signer.revoked) return false;
  const block = divide(certificate.bytes);
  const key = await readKeyPacket(block.primary.packet);
  const signerKey = await readKeyPacket(signer.primary.packet);
  if (key === null || signerKey === null) return false;
  for (const component of block.userIds) {
    const subject = userIdSubject(key, component.packet);
    const certification = await latestStrong(component.signatures, types.certifications, signerKey, subject);
    if (certification === null || certification.isExpired(now)) continue;
    // A revocation counts whatever its hash: it only takes away.
    const revocation = await latest(
      component.signatures,
      [types.certificationRevocation],
      signerKey,
      subject,
    );
    if (revocation !== null && !newer(certification, revocation)) continue;
    if ((await latestCertification(component, key)) !== null) return true;
  }
  return false;
}

async function latestStrong(
  signatures: RawPacket[],
  allowed: number[],
  key: KeyPacket,
  subject: Subject,
): Promise<SelfSignature | null> {
  for (const { content } of newestFirst(signatures, allowed, key)) {
    const signature = await verified(content, allowed, key, subject, strongHashes);
    if (signature !== null) return signature;
  }
  return null;
}
