import { Problem } from "./problem.ts";

/**
 * The name of a public key, with its type: `openpgp:` and 40 upper-case hex digits (RFC 9580, section 5.5.4.2,
 * version 4), or `ssh:SHA256:` and the unpadded base64 that `ssh-keygen -l` prints.
 */
export type Fingerprint = `openpgp:${string}` | `ssh:${string}`;

export const fingerprintPattern = /^(?:openpgp:[0-9A-F]{40}|ssh:SHA256:[A-Za-z0-9+/]{43})$/;

export function isFingerprint(text: unknown): text is Fingerprint {
  return typeof text === "string" && fingerprintPattern.test(text);
}

/** Whether it names a key of OpenSSH. */
export function isSsh(fingerprint: Fingerprint): boolean {
  return fingerprint.startsWith("ssh:");
}

/** @throws Problem `bad-request` when the text is no fingerprint with its type */
export function parseFingerprint(text: string): Fingerprint {
  if (isFingerprint(text)) return text;
  throw new Problem(
    "bad-request",
    `'${text.slice(0, 80)}' is no key fingerprint of the form openpgp:HEX or ssh:SHA256:BASE64`,
  );
}

/** The fingerprint of an OpenPGP key, from its hex digits in either case, with or without spaces. */
export function openpgpFingerprint(hex: string): Fingerprint {
  return parseFingerprint(`openpgp:${hex.replaceAll(" ", "").toUpperCase()}`);
}

/** The bare hex digits (40, upper case) of an OpenPGP fingerprint. */
export function openpgpHex(fingerprint: Fingerprint): string {
  return fingerprint.slice("openpgp:".length);
}

/** A fingerprint as people compare it: an OpenPGP one in groups of four, as `gpg --fingerprint` prints it. */
export function readable(fingerprint: Fingerprint): string {
  if (isSsh(fingerprint)) return fingerprint.slice("ssh:".length);
  const groups = openpgpHex(fingerprint).match(/.{4}/g) ?? [];
  return `${groups.slice(0, 5).join(" ")}  ${groups.slice(5).join(" ")}`;
}
