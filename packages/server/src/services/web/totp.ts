import { Secret, TOTP } from "otpauth";

/** How long a code lasts, in seconds, and how many digits it has: what every app takes for granted (RFC 6238). */
const period = 30;
const digits = 6;
/** A clock may be wrong by this many periods. */
const window = 1;
/** In bytes: as RFC 4226, section 4, recommends for HMAC-SHA-1. */
const secretSize = 20;

/** A secret in base32, as it stands in the tables and as apps take it. */
export const secretPattern = /^[A-Z2-7]{32}$/;

/** A new secret of a second factor, in base32. */
export function makeTotpSecret(): string {
  return new Secret({ size: secretSize }).base32;
}

/** What an app reads from the picture: the format is Google Authenticator's "Key URI", which all of them know. */
export function totpUri(secret: string, { issuer, account }: { issuer: string; account: string }): string {
  return totp(secret, { issuer, label: account }).toString();
}

/**
 * The step (RFC 6238, section 4.2) of a code that is right now; `null` when it is not.
 * @param last the step of the code that was used last: one that is not later is used up (section 5.2)
 */
export function stepOfCode(secret: string, code: string, last: number | null, now: Date): number | null {
  const token = code.replace(/\s/g, "");
  if (!/^\d{6}$/.test(token)) return null;
  const timestamp = now.getTime();
  const delta = totp(secret).validate({ token, timestamp, window });
  if (delta === null) return null;
  const step = Math.floor(timestamp / 1000 / period) + delta;
  return last !== null && step <= last ? null : step;
}

function totp(secret: string, names: { issuer?: string; label?: string } = {}): TOTP {
  return new TOTP({ ...names, secret: Secret.fromBase32(secret), algorithm: "SHA1", digits, period });
}
