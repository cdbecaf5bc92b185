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
  return textOf("pstore login 1", login);
}

/**
 * The text that a user signs for a link to the web admin. A session of the client reads ciphertext alone, the web admin
 * gives and takes rights: so neither signature must pass for the other.
 */
export function webLoginText(login: Login): string {
  return textOf("pstore web login 1", login);
}

function textOf(format: string, { store, origin, user, key, challenge }: Login): string {
  return `${format}\nstore ${store}\norigin ${origin}\nuser ${user}\nkey ${key}\nchallenge ${challenge}\n`;
}
