import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** How long a challenge is good for, in seconds. */
export const challengeTime = 300;

const randomLength = 16;
const timeLength = 8;
const bodyLength = randomLength + timeLength;

/**
 * Challenges that authenticate themselves: random ‖ expiry (milliseconds, 64 bits) ‖ HMAC-SHA-256 of both under the
 * store's secret, in base64url (75 characters). So nothing is stored for one until it is used, and no store fills up
 * with challenges that nobody answers.
 */
export function makeChallenge(secret: Uint8Array, now: Date): string {
  const body = Buffer.alloc(bodyLength);
  randomBytes(randomLength).copy(body);
  body.writeBigUInt64BE(BigInt(now.getTime() + challengeTime * 1000), randomLength);
  return Buffer.concat([body, authenticate(secret, body)]).toString("base64url");
}

/** When a challenge that this store made expires; `null` when it is not one of its own, or has expired. */
export function readChallenge(secret: Uint8Array, challenge: string, now: Date): Date | null {
  const bytes = Buffer.from(challenge, "base64url");
  // Of several texts that decode to the same bytes only one counts: else each could be used once.
  if (bytes.length !== bodyLength + 32 || bytes.toString("base64url") !== challenge) return null;
  const body = bytes.subarray(0, bodyLength);
  if (!timingSafeEqual(bytes.subarray(bodyLength), authenticate(secret, body))) return null;
  const expires = new Date(Number(body.readBigUInt64BE(randomLength)));
  return expires > now ? expires : null;
}

function authenticate(secret: Uint8Array, body: Uint8Array): Buffer {
  return createHmac("sha256", secret).update("pstore challenge 1\n").update(body).digest();
}
