/** Wrapping a session key for one OpenPGP (sub)key. */
import {
  enums,
  PublicKeyEncryptedSessionKeyPacket,
  type PublicKeyPacket,
  type PublicSubkeyPacket,
} from "openpgp";
import type { Fingerprint } from "../fingerprint.ts";
import { Problem } from "../problem.ts";
import type { Certificate } from "./certificate.ts";
import { packet, readPkeskFor, tags } from "./packet.ts";
import { readKeyPacket } from "./selfsignature.ts";

/** What OpenPGP.js has, and its types leave out. */
interface Wrapping {
  version: number;
  publicKeyID: unknown;
  publicKeyAlgorithm: number;
  sessionKey: Uint8Array;
  sessionKeyAlgorithm: number;
  encrypt(key: PublicKeyPacket | PublicSubkeyPacket): Promise<void>;
  write(): Uint8Array;
}

/**
 * A wrapped key: one public-key encrypted session key packet (RFC 9580, section 5.1) of version 3 and definite
 * length, to exactly the part named. Whether that part may be used now is for `encryptionSubkey` to say.
 * @param sessionKey 32 bytes, for AES-256
 * @throws Problem `unusable-key` when the certificate has no such part to encrypt to
 */
export async function wrapSessionKey(
  certificate: Certificate,
  subkey: Fingerprint,
  sessionKey: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  if (sessionKey.length !== 32) throw new TypeError(`a session key has 32 bytes, not ${sessionKey.length}`);
  const part = certificate.encrypting.find(({ fingerprint }) => fingerprint === subkey);
  const key = part === undefined || part.unsuitable !== null ? null : await readKeyPacket(part.packet);
  if (key === null) {
    throw new Problem(
      "unusable-key",
      `the key ${certificate.fingerprint} has no part ${subkey} to encrypt to`,
    );
  }
  const wrapping = new PublicKeyEncryptedSessionKeyPacket() as unknown as Wrapping;
  wrapping.version = 3;
  wrapping.publicKeyID = key.getKeyID();
  wrapping.publicKeyAlgorithm = key.algorithm;
  wrapping.sessionKey = Uint8Array.from(sessionKey);
  wrapping.sessionKeyAlgorithm = enums.symmetric.aes256;
  await wrapping.encrypt(key);
  const wrapped = packet(tags.wrappedKey, wrapping.write());
  // What readers will refuse must not be written.
  readPkeskFor(wrapped, subkey);
  return wrapped;
}
