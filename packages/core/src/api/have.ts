import { digestOf } from "../digest.ts";
import type { Fingerprint } from "../fingerprint.ts";

/**
 * The most keys of which a client says that it has them. They travel in a URL, 76 bytes each, and nginx takes no more
 * than 8 KiB of one unless it is told to.
 */
export const maxHave = 80;

/**
 * How a client says that it has a public key, in just this state, so that the server need not send it again: the
 * fingerprint, a dot, and the first 16 hex digits of the SHA-256 digest of its binary block.
 */
export function have(fingerprint: Fingerprint, block: Uint8Array): string {
  return `${fingerprint}.${digestOf(block).slice(0, 16)}`;
}
