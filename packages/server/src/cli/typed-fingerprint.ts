import { type Fingerprint, isFingerprint, openpgpFingerprint } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";

/**
 * A fingerprint as people copy it: with or without its type and spaces; that of an OpenPGP key in either case.
 * @throws Problem `bad-request`
 */
export function typedFingerprint(text: string): Fingerprint {
  const bare = text.replace(/\s/g, "");
  if (isFingerprint(bare)) return bare;
  const ssh = `ssh:${bare}`;
  if (isFingerprint(ssh)) return ssh;
  const hex = bare.replace(/^(?:openpgp:|0x)/i, "");
  if (/^[0-9a-f]{40}$/i.test(hex)) return openpgpFingerprint(hex);
  throw new Problem(
    "bad-request",
    "that is no whole fingerprint; give it as 'key list' shows it: 40 hex digits, or SHA256: and 43 characters",
  );
}
