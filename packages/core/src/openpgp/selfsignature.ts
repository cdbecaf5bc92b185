/** Verification of the signatures that hold a certificate together (RFC 9580, sections 5.2.1 and 10.1). */
import { config, PublicKeyPacket, PublicSubkeyPacket, SignaturePacket } from "openpgp";
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
