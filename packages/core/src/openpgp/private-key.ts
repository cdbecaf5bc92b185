/**
 * OpenPGP secret keys ("transferable secret keys"; RFC 9580, section 10.2) of version 4, used in process. What is good
 * enough for a public key is for openpgp/certificate.ts to say; OpenPGP.js computes.
 */
import {
  config,
  enums,
  PublicKeyEncryptedSessionKeyPacket,
  SecretKeyPacket,
  SecretSubkeyPacket,
  SignaturePacket,
} from "openpgp";
import { type Fingerprint, openpgpFingerprint } from "../fingerprint.ts";
import { Problem } from "../problem.ts";
import { dearmorPrivate } from "./armor.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { concat, packet, type RawPacket, readOnePacket, readPkesk, splitPackets, tags } from "./packet.ts";

/** A secret key, locked or not. */
export interface OpenpgpPrivateKey {
  /** Its public half. */
  readonly certificate: Certificate;
  /** The primary key and the subkeys, in the order of the key; those that cannot be computed with are left out. */
  readonly parts: readonly PrivatePart[];
}

/** What OpenPGP.js has, and its types leave out. */
type SecretPacket = (SecretKeyPacket | SecretSubkeyPacket) & {
  unparseableKeyMaterial?: Uint8Array;
  writePublicKey(): Uint8Array;
};

/** As above: what is given instead of data, and whether to hash it alone. */
interface Signing {
  sign(key: SecretPacket, data: unknown, date: Date, detached: true, settings: typeof config): Promise<void>;
  write(): Uint8Array;
}

/** As above. */
interface Unwrapping {
  read(content: Uint8Array): void;
  decrypt(key: SecretPacket): Promise<void>;
  sessionKey: Uint8Array;
  sessionKeyAlgorithm: number;
}

/**
 * @param input an armored or binary block with exactly one secret key, as `gpg --export-secret-keys` and
 *   `gpg --export-secret-subkeys` write it, of at most 256 KiB
 * @throws Problem `unusable-key`, whose sentence says why
 */
export async function readOpenpgpPrivateKey(input: string | Uint8Array): Promise<OpenpgpPrivateKey> {
  const packets = splitPackets(binary(input), { code: "unusable-key", what: "this OpenPGP private key" });
  if (packets[0]?.tag !== tags.secretKey)
    throw new Problem("unusable-key", "this is no OpenPGP private key: it does not begin with one");
  if (packets.filter(({ tag }) => tag === tags.secretKey).length > 1) {
    throw new Problem(
      "unusable-key",
      "this block holds several OpenPGP keys: export one alone with `gpg --armor --export-secret-keys FINGERPRINT`",
    );
  }
  const read = await Promise.all(
    packets.map(async (raw) => ({ raw, secret: isSecret(raw) ? await readSecret(raw) : null })),
  );
  const certificate = await readCertificate(
    concat(read.map(({ raw, secret }) => (isSecret(raw) ? publicHalf(raw, secret) : raw.whole))),
  );
  const parts = read.flatMap(({ secret }) => (secret === null ? [] : [new PrivatePart(secret)]));
  return { certificate, parts };
}

function binary(input: string | Uint8Array): Uint8Array {
  if (typeof input === "string") return dearmorPrivate(input);
  // Every packet begins with an octet over 127.
  return (input[0] ?? 0) < 0x80 ? dearmorPrivate(Buffer.from(input).toString("latin1")) : input;
}

function isSecret({ tag }: RawPacket): boolean {
  return tag === tags.secretKey || tag === tags.secretSubkey;
}

/** @returns null when the packet is none that can be computed with */
async function readSecret({ tag, content }: RawPacket): Promise<SecretPacket | null> {
  const key = tag === tags.secretKey ? new SecretKeyPacket() : new SecretSubkeyPacket();
  try {
    await key.read(content);
    return key.version === 4 ? (key as SecretPacket) : null;
  } catch {
    return null;
  }
}

/** The public key packet that a secret key packet begins with (section 5.5.3). */
function publicHalf({ tag, content }: RawPacket, secret: SecretPacket | null): Uint8Array {
  const own = tag === tags.secretKey ? tags.publicKey : tags.publicSubkey;
  // Of one that cannot be computed with, version and algorithm are enough for the sentence that refuses it.
  return packet(own, secret === null ? content.subarray(0, 6) : secret.writePublicKey());
}

/** The private part of a primary key or a subkey. */
export class PrivatePart {
  readonly fingerprint: Fingerprint;
  /** Why it cannot be used here, as the end of a sentence ("it is on a smartcard"); null: it is here. */
  readonly missing: string | null;
  readonly #key: SecretPacket;

  constructor(key: SecretPacket) {
    this.#key = key;
    this.fingerprint = openpgpFingerprint(key.getFingerprint());
    this.missing = whyMissing(key);
  }

  /** Whether it needs a passphrase before it can be used. */
  get isLocked(): boolean {
    return this.missing === null && !this.#key.isDecrypted();
  }

  /**
   * @returns whether the passphrase is the right one
   * @throws Problem `unusable-key` when it is, and what it unlocks is damaged
   */
  async unlock(passphrase: string): Promise<boolean> {
    try {
      await this.#key.decrypt(passphrase);
      return true;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("Incorrect key passphrase")) return false;
      throw new Problem(
        "unusable-key",
        `the private part of ${this.fingerprint} cannot be unlocked: it is damaged, or protected in a way that pstore does not use; export it again with gpg 2`,
        { cause: error },
      );
    }
  }

  /**
   * A detached binary signature (section 5.2): version 4, type 0x00, SHA-512, no expiry.
   * @throws Problem `unusable-key` when public and private part do not fit
   */
  async sign(data: Uint8Array): Promise<Uint8Array> {
    try {
      // Of an encrypted key only the private numbers are protected: a signature under a public part that somebody has
      // changed in the file would give them away.
      await this.#key.validate();
    } catch (error) {
      throw new Problem(
        "unusable-key",
        `the private part of ${this.fingerprint} does not fit its public one: the file is damaged, or was tampered with`,
        { cause: error },
      );
    }
    const packetToSign = new SignaturePacket();
    packetToSign.signatureType = enums.signature.binary;
    packetToSign.publicKeyAlgorithm = this.#key.algorithm;
    packetToSign.hashAlgorithm = enums.hash.sha512;
    const signature = packetToSign as unknown as Signing;
    await signature.sign(this.#key, { text: null, getBytes: () => data }, new Date(), true, config);
    return packet(tags.signature, signature.write());
  }

  /**
   * The session key of a wrapped key for this part.
   * @param wrapped one PKESK packet
   * @returns 32 bytes, for AES-256
   * @throws Problem `bad-wrapped-key`
   */
  async unwrap(wrapped: Uint8Array): Promise<Uint8Array> {
    const content = readOnePacket(wrapped, {
      tag: tags.wrappedKey,
      code: "bad-wrapped-key",
      what: "the wrapped key",
      partial: false,
    });
    const unwrapping = new PublicKeyEncryptedSessionKeyPacket() as unknown as Unwrapping;
    try {
      unwrapping.read(content);
      await unwrapping.decrypt(this.#key);
    } catch (error) {
      throw this.#bad("is damaged, or was tampered with", error);
    }
    const { sessionKey, sessionKeyAlgorithm } = unwrapping;
    if (sessionKeyAlgorithm !== enums.symmetric.aes256 || sessionKey.length !== 32)
      throw this.#bad("holds a key for another cipher than AES-256");
    return sessionKey;
  }

  /** Whether a wrapped key is for this part, as far as its 64-bit key id tells. @throws Problem `bad-wrapped-key` */
  isFor(wrapped: Uint8Array): boolean {
    return this.fingerprint.endsWith(readPkesk(wrapped).keyId);
  }

  #bad(why: string, cause?: unknown): Problem {
    return new Problem("bad-wrapped-key", `the wrapped key for ${this.fingerprint} ${why}`, { cause });
  }
}

/** What GnuPG writes in place of a private part that is not in the file (GnuPG, doc/DETAILS, "GNU extensions to the S2K algorithm"). */
function whyMissing(key: SecretPacket): string | null {
  if (key.isDummy()) return "it was left out of the file";
  const unread = key.unparseableKeyMaterial;
  if (unread === undefined) return null;
  // Usage and cipher, then the S2K specifier: type 101, a hash, "GNU", and 2 for a key on a card.
  const isOnCard = unread[2] === 101 && unread[7] === 2;
  return isOnCard ? "it is on a smartcard" : "it is protected in a way that is unknown to pstore";
}
