/** Verification of the signatures that hold a certificate together (RFC 9580, sections 5.2.1 and 10.1). */
import { config, PublicKeyPacket, PublicSubkeyPacket, SignaturePacket } from "openpgp";
import type { Component } from "./key-block.ts";
import { type RawPacket, tags } from "./packet.ts";

/** Signature types (RFC 9580, section 5.2.1). */
export const types = {
  binary: 0x00,
  certifications: [0x10, 0x11, 0x12, 0x13],
  subkeyBinding: 0x18,
  primaryBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certificationRevocation: 0x30,
};

/** SHA-256, SHA-384, SHA-512, SHA3-256, SHA3-512 (RFC 9580, section 9.5). */
export const strongHashes: readonly number[] = [8, 9, 10, 12, 14];

/** A primary key or subkey packet that this program can compute with. */
export type KeyPacket = PublicKeyPacket | PublicSubkeyPacket;

/** What a signature on a part of a certificate is about, as OpenPGP.js wants it. */
export interface Subject {
  key: KeyPacket;
  /** a subkey */
  bind?: KeyPacket;
  /** a user id: its octets as they came, since OpenPGP.js would decode and encode them */
  userID?: { write(): Uint8Array };
}

/** A signature that was verified. */
export type SelfSignature = NonNullable<Awaited<ReturnType<typeof verified>>>;

/** @returns null when the packet is none that can be computed with */
export async function readKeyPacket(raw: RawPacket): Promise<KeyPacket | null> {
  const key = raw.tag === tags.publicKey ? new PublicKeyPacket() : new PublicSubkeyPacket();
  try {
    await key.read(raw.content);
    return key.version === 4 ? key : null;
  } catch {
    return null;
  }
}

/** @returns null when it is no signature of version 4 that can be computed with */
export function readSignature(content: Uint8Array): SignaturePacket | null {
  const signature = new SignaturePacket();
  try {
    signature.read(content);
    return signature.version === 4 ? signature : null;
  } catch {
    return null;
  }
}

/**
 * Whether a signature of one of these types was made by `key` over `subject`, whatever the time is.
 * @param hashes numbers of the hash algorithms that count; by default all but MD5 and RIPEMD-160, since
 *   certificates of older keys are held together by SHA-1, as GnuPG accepts it
 * @returns the signature, or null
 */
export async function verified(
  content: Uint8Array,
  allowed: readonly number[],
  key: KeyPacket,
  subject: Subject | Uint8Array,
  hashes?: readonly number[],
): Promise<SignaturePacket | null> {
  // Read anew every time: OpenPGP.js remembers "verified" in the packet, for whatever key and subject it was.
  const signature = readSignature(content);
  if (signature === null || signature.signatureType === null || signature.hashAlgorithm === null) return null;
  if (!allowed.includes(signature.signatureType)) return null;
  if (hashes !== undefined && !hashes.includes(signature.hashAlgorithm)) return null;
  const data = subject instanceof Uint8Array ? { text: null, getBytes: () => subject } : subject;
  try {
    // The types know no null, which means: times do not count.
    const anytime = null as unknown as Date;
    await signature.verify(key, signature.signatureType, data, anytime, true, config);
    return signature;
  } catch {
    return null;
  }
}

/** Whether the signature claims to be by this key: the full fingerprint where it says one, else the key id. */
export function claims(signature: SignaturePacket, key: KeyPacket): boolean {
  const fingerprint = signature.issuerFingerprint;
  if (fingerprint !== null) return Buffer.from(fingerprint).toString("hex") === key.getFingerprint();
  return signature.issuerKeyID.equals(key.getKeyID());
}

/** The newest signature that verifies (see `verified`); of two of the same second the later one in the block. */
export async function latest(
  signatures: RawPacket[],
  allowed: number[],
  key: KeyPacket,
  subject: Subject,
  hashes?: readonly number[],
): Promise<SelfSignature | null> {
  for (const { content } of newestFirst(signatures, allowed, key)) {
    const signature = await verified(content, allowed, key, subject, hashes);
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

/** The newest self-certification of a user id, unless it was revoked after that. */
export async function latestCertification(
  { packet, signatures }: Component,
  key: KeyPacket,
): Promise<SelfSignature | null> {
  const subject = userIdSubject(key, packet);
  const certification = await latest(signatures, types.certifications, key, subject);
  const revocation = await latest(signatures, [types.certificationRevocation], key, subject);
  if (certification === null || (revocation !== null && !newer(certification, revocation))) return null;
  return certification;
}

export function userIdSubject(key: KeyPacket, userId: RawPacket) {
  return { key, userID: { write: () => userId.content } };
}

export function newer(a: SelfSignature, b: SelfSignature): boolean {
  return (a.created?.getTime() ?? 0) > (b.created?.getTime() ?? 0);
}

/** Whether a subkey signed that it belongs to this primary key, in one of its valid bindings. */
export async function agreed(signatures: RawPacket[], key: KeyPacket, subkey: KeyPacket): Promise<boolean> {
  const subject = { key, bind: subkey };
  for (const { content } of newestFirst(signatures, [types.subkeyBinding], key)) {
    const binding = await verified(content, [types.subkeyBinding], key, subject);
    if (binding !== null && (await hasBackSignature(binding, subject, subkey))) return true;
  }
  return false;
}

export async function hasBackSignature(
  binding: SelfSignature,
  subject: Subject,
  subkey: KeyPacket,
): Promise<boolean> {
  const back = binding.embeddedSignature;
  return back !== null && (await verified(back.write(), [types.primaryBinding], subkey, subject)) !== null;
}
