import { Problem } from "@pstore/core/problem";

/**
 * Armor, PEM, PuTTY's and RFC 4716's files, age's identities, and the bare base64 of an OpenSSH file. What repeats without
 * an end must not begin anew within itself: a megabyte of it would be looked through for minutes.
 */
const written =
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY|-----BEGIN PGP SECRET KEY|BEGIN SSH2 ENCRYPTED PRIVATE KEY|PuTTY-User-Key-File|AGE-(?:PLUGIN-[A-Z0-9-]{1,64}|SECRET-KEY(?:-PQ)?)-1|b3BlbnNzaC1rZXktdjE/i;

/**
 * Whether there is a private key in what somebody gives as a public one, wherever in it, so that it is refused as such
 * and nothing of it shown or kept. The packets of RFC 9580, section 5: 5 and 7 are secret keys.
 */
export function holdsPrivateKey(block: Uint8Array): boolean {
  const first = block[0] ?? 0;
  const tag = (first & 0x40) === 0 ? (first >> 2) & 15 : first & 63;
  if (first > 0x7f && (tag === 5 || tag === 7)) return true;
  // Without zeros: Windows writes UTF-16.
  return written.test(Buffer.from(block).toString("latin1").replaceAll("\0", ""));
}

/** @throws Problem `unusable-key` */
export function assertNotPrivate(block: Uint8Array): void {
  if (!holdsPrivateKey(block)) return;
  throw new Problem(
    "unusable-key",
    "this is a private key: never give it to anyone; give the public one, which `gpg --armor --export NAME` or the .pub file beside an SSH key has",
  );
}
