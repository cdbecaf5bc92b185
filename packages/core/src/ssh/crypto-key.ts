/** SSH keys as `node:crypto` takes them. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { numbersOf, type SshKey } from "./public-key.ts";

/** The public key that a signature is verified with, or that RSA encrypts to. */
export function cryptoKeyOf(key: SshKey): KeyObject {
  const numbers = numbersOf(key);
  if (numbers.algorithmName === "ssh-rsa")
    return createPublicKey({
      key: { kty: "RSA", n: base64url(numbers.n), e: base64url(numbers.e) },
      format: "jwk",
    });
  return createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: base64url(numbers.point) },
    format: "jwk",
  });
}

/** The public key of X25519 in 32 bytes (RFC 7748, section 5). */
export function x25519PublicKey(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "X25519", x: base64url(bytes) }, format: "jwk" });
}

/** Bytes as a JSON Web Key has them (RFC 7517). */
export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");
}
