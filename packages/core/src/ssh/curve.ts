/** From the curve of Ed25519 to that of X25519 (RFC 7748, section 4.1), as age encrypts to SSH keys. */
import { ed25519 } from "@noble/curves/ed25519.js";

/**
 * Whether 32 bytes are a point of the curve in its one encoding (RFC 8032, section 5.1.3), and none of the eight of
 * small order: with one of those, everybody knows the shared secret, which is zero.
 */
export function isUsablePoint(point: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(point).isSmallOrder();
  } catch {
    return false;
  }
}

/** The X25519 public key (32 bytes) that belongs to an Ed25519 one. */
export function montgomery(point: Uint8Array): Uint8Array {
  return ed25519.utils.toMontgomery(point);
}
