/** Detached signatures, as commits and logins carry them: of OpenPGP, or SSHSIG. */
import type { Fingerprint } from "../fingerprint.ts";
import { Problem } from "../problem.ts";
import type { Purpose } from "../ssh/sshsig.ts";
import { whyUnusable } from "./usability.ts";
import type { UserKey } from "./user-key.ts";

export type { Purpose } from "../ssh/sshsig.ts";

/** A text that is signed, and what for: an SSH signature says so too, in its namespace. */
export interface SignedText {
  readonly text: string;
  readonly purpose: Purpose;
}

/**
 * Checks that a signature is by just this key over just this text. Expiry, revocation and dates of the key do not count
 * here: what was signed stays signed. `assertMayStillSign` is for what is signed now.
 * @param signature in binary: one OpenPGP signature packet (see openpgp/signature.ts), or an SSHSIG blob (see ssh/sshsig.ts)
 * @returns the part that signed
 * @throws Problem `bad-signature`
 */
export async function verifySignature(
  key: UserKey,
  { text, purpose }: SignedText,
  signature: Uint8Array,
): Promise<{ signedBy: Fingerprint }> {
  if (key.type === "ssh") {
    const { verifySshsig } = await import("../ssh/sshsig.ts");
    verifySshsig(key, Buffer.from(text), purpose, signature);
    return { signedBy: key.fingerprint };
  }
  const { verifyDetached } = await import("../openpgp/signature.ts");
  return verifyDetached(key, Buffer.from(text), signature);
}

/**
 * Checks that the part that signed may sign now: made for signing, neither expired nor revoked.
 * @param signedBy as `verifySignature` returned it
 * @param whose begins the sentence, for example "joe's key 0123 4567 …"
 * @throws Problem `unusable-key`
 */
export function assertMayStillSign(key: UserKey, signedBy: Fingerprint, now: Date, whose: string): void {
  const part = key.signing.find(({ fingerprint }) => fingerprint === signedBy);
  if (part === undefined)
    throw new Problem("unusable-key", `${whose} cannot be used: it is not made for signing`);
  const why = whyUnusable(key.primary, now) ?? whyUnusable(part, now);
  if (why !== null) throw new Problem("unusable-key", `${whose} cannot be used: ${why}`);
}
