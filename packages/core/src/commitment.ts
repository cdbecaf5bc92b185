import { Problem } from "./problem.ts";

/** The place of an encrypted value: it opens nowhere else. */
export interface Place {
  /** The store's id. */
  readonly store: string;
  /** The object's id. */
  readonly object: string;
  readonly property: string;
  /** The revision of the object that sealed the value. */
  readonly revision: number;
}

/**
 * The key commitment of a value: HMAC-SHA-256 (RFC 2104) under its session key (32 bytes) over its place, as 64
 * lower-case hex digits. It ties the key to the place, and so a wrapped key that is offered for another value is
 * found out before anything is decrypted or wrapped again.
 */
export function keyCommitment(sessionKey: Uint8Array, place: Place): string {
  const { store, object, property, revision } = place;
  const text = `pstore key commitment 1\nstore ${store}\nobject ${object}\nproperty ${property}\nrevision ${revision}\n`;
  return new Bun.CryptoHasher("sha256", sessionKey).update(text).digest("hex");
}

/** @throws Problem `untrusted-server` when the session key is not the one that the value's manifest commits to */
export function checkCommitment(sessionKey: Uint8Array, place: Place, commitment: string): void {
  const expected = Buffer.from(keyCommitment(sessionKey, place), "hex");
  const actual = Buffer.from(commitment, "hex");
  if (actual.length === expected.length && crypto.timingSafeEqual(actual, expected)) return;
  throw new Problem(
    "untrusted-server",
    `the wrapped key that the server gave for '${place.property}' is not the key of that value; nothing was decrypted, ask who runs the server`,
  );
}
