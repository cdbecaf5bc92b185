import { Problem } from "@pstore/core/problem";
import { reasonOf, type StatusLine, sessionKeyOf } from "./status.ts";

/**
 * A message for gpg to decrypt that tells it a wrapped key and nothing of the body. Behind the wrapped key stands a data
 * packet (tag 18, version 1) of just the ten random bytes without which gpg would not look at it. It tells the session
 * key, and then has nothing to decrypt, and nothing to write anywhere, for whatever cipher that key is, and whoever chose
 * it: with blocks of 16 bytes, ten are too few even for the prefix, and with blocks of 8 they are the prefix (RFC 9580,
 * section 5.13.1). With more, GnuPG 2.2 takes what follows the prefix for packets before it misses the digest.
 */
export function messageOf(wrapped: Uint8Array): Uint8Array {
  return Buffer.concat([wrapped, Buffer.from([0xd2, 11, 1]), crypto.getRandomValues(new Uint8Array(10))]);
}

/**
 * What gpg answers about such a message: the session key (32 bytes), or `null` when the private key is not here.
 * @throws Problem `no-private-key` when it is here but could not be used
 */
export function unwrapped(status: readonly StatusLine[]): Uint8Array | null {
  const sessionKey = sessionKeyOf(status);
  if (sessionKey !== null) return sessionKey;
  if (status.length === 0)
    throw new Problem(
      "no-private-key",
      "gpg did not decrypt, and ended without a word; try gpg --decrypt by hand",
    );
  const says = (keyword: string) => status.some((line) => line.keyword === keyword);
  // With `quiet` in the user's gpg.conf, gpg does not even say NO_SECKEY.
  if (!says("ERROR") && (says("NO_SECKEY") || !says("PINENTRY_LAUNCHED"))) return null;
  throw new Problem("no-private-key", `gpg did not decrypt: ${reasonOf(status)}`);
}
