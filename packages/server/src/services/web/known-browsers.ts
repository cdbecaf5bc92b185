import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { digestOf } from "@pstore/core/digest";

/** How long a browser is known for, in seconds: a year. */
export const browserTime = 31_536_000;

const randomLength = 16;
const timeLength = 8;
const bodyLength = randomLength + timeLength;

/**
 * What a browser keeps that has signed in to an account, so that whoever guesses at its password elsewhere does not lock
 * the owner out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"): random ‖ expiry (milliseconds, 64 bits)
 * ‖ HMAC-SHA-256 of the account and both, in base64url. It signs nobody in; a password is still needed.
 */
export function makeBrowserMark(secret: Uint8Array, userId: string, now: Date): string {
  const body = Buffer.alloc(bodyLength);
  randomBytes(randomLength).copy(body);
  body.writeBigUInt64BE(BigInt(now.getTime() + browserTime * 1000), randomLength);
  return Buffer.concat([body, authenticate(secret, userId, body)]).toString("base64url");
}

/** The digest under which a browser's attempts at an account are counted; `null` when it is not known there. */
export function knownBrowser(
  secret: Uint8Array,
  userId: string,
  mark: string | null,
  now: Date,
): string | null {
  if (mark === null) return null;
  const bytes = Buffer.from(mark, "base64url");
  // Of several texts that decode to the same bytes only one counts: else each had a counter of its own.
  if (bytes.length !== bodyLength + 32 || bytes.toString("base64url") !== mark) return null;
  const body = bytes.subarray(0, bodyLength);
  if (!timingSafeEqual(bytes.subarray(bodyLength), authenticate(secret, userId, body))) return null;
  return new Date(Number(body.readBigUInt64BE(randomLength))) > now ? digestOf(mark) : null;
}

/** Under a key of its own, derived from the store's secret: nothing else that the store authenticates passes for it. */
function authenticate(secret: Uint8Array, userId: string, body: Uint8Array): Buffer {
  const key = createHmac("sha256", secret).update("pstore web browser key 1").digest();
  return createHmac("sha256", key).update(`${userId}\n`).update(body).digest();
}
