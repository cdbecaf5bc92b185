/** Wrapped keys: the session key of a value, encrypted to one public key. */
import { type Fingerprint, isSsh } from "../fingerprint.ts";
import { readPkeskFor } from "../openpgp/packet.ts";
import { Problem } from "../problem.ts";
import { readAgeFileFor } from "../ssh/age-file.ts";
import type { UserKey } from "./user-key.ts";

/**
 * Wraps a session key for exactly the part named. Whether that part may be used now is for `encryptionSubkey` to say.
 * @param sessionKey 32 bytes, for AES-256
 * @returns one PKESK packet, or an age file with one stanza
 * @throws Problem `unusable-key` when the key has no such part to encrypt to
 */
export async function wrapFor(
  key: UserKey,
  part: Fingerprint,
  sessionKey: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  if (key.type === "ssh") {
    if (part !== key.fingerprint)
      throw new Problem("unusable-key", `${key.fingerprint} is an SSH key, and has no part ${part}`);
    const { wrapForSsh } = await import("../ssh/wrapped-key.ts");
    return wrapForSsh(key, sessionKey);
  }
  const { wrapSessionKey } = await import("../openpgp/wrap.ts");
  return wrapSessionKey(key, part, sessionKey);
}

/**
 * Proves that bytes are just one wrapped key to the part named, before anything else reads them. Whether it opens, only
 * who has the private key can tell.
 * @throws Problem `bad-wrapped-key`
 */
export function checkWrappedKey(wrapped: Uint8Array, part: Fingerprint): void {
  if (isSsh(part)) readAgeFileFor(wrapped, part);
  else readPkeskFor(wrapped, part);
}
