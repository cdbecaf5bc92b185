import type { Fingerprint } from "./fingerprint.ts";

/** A challenge: 1 to 128 characters of base64url. */
export const challengePattern = /^[A-Za-z0-9_-]{1,128}$/;

export interface Login {
  /** The store's id. */
  readonly store: string;
  /** Scheme, host and port of the URL that the client speaks to, as `URL.origin` gives it (RFC 6454, section 6.2). */
  readonly origin: string;
  readonly user: string;
  /** The primary fingerprint of the key that signs. */
  readonly key: Fingerprint;
  /** What the server gave: 1 to 128 characters of base64url. */
  readonly challenge: string;
}

/**
 * The text that a user signs to log in. Its first line sets it apart from every other text that a key signs for
 * pstore, so that no login passes for a commit, nor the reverse; no part can hold a line feed.
 */
export function loginText(login: Login): string {
  const { store, origin, user, key, challenge } = login;
  return `pstore login 1\nstore ${store}\norigin ${origin}\nuser ${user}\nkey ${key}\nchallenge ${challenge}\n`;
}
