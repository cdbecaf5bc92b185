/** A user's public key, OpenPGP or SSH. What a type needs is loaded only for a key of that type. */
import type { Certificate } from "../openpgp/certificate.ts";
import { Problem } from "../problem.ts";
import type { SshKey } from "../ssh/public-key.ts";
import { beginsLikeSsh } from "../ssh/text.ts";

/** A public key of a user, read. */
export type UserKey = Certificate | SshKey;

/** The largest public key that is read, in bytes, armored or not. */
export { largestCertificate as largestKey } from "../openpgp/key-block.ts";

/**
 * @param input one public key: a line as in `id_ed25519.pub` or an armored OpenPGP block, or the bytes of either
 * @param owner the user whose key it is, for the sentence
 * @throws Problem `unusable-key`, whose sentence says why
 */
export async function readUserKey(input: string | Uint8Array, owner?: string): Promise<UserKey> {
  if (beginsLikeSsh(input)) {
    const { readSshKey } = await import("../ssh/public-key.ts");
    return readSshKey(input, owner);
  }
  if (!beginsLikeOpenpgp(input)) {
    throw new Problem(
      "unusable-key",
      "this is no public key: give an armored OpenPGP block (gpg --armor --export NAME), or the line of an SSH key's .pub file",
    );
  }
  const { readCertificate } = await import("../openpgp/certificate.ts");
  return readCertificate(input, owner);
}

/** Whether a key is meant to be of OpenPGP: armored, with whatever around it, or in packets, which begin with an octet over 127. */
function beginsLikeOpenpgp(input: string | Uint8Array): boolean {
  if (typeof input !== "string" && (input[0] ?? 0) > 0x7f) return true;
  const text = typeof input === "string" ? input : Buffer.from(input).toString("latin1");
  return text.includes("-----BEGIN PGP ");
}

/** How a public key is stored and served: an armored OpenPGP block, or a line as in `id_ed25519.pub`. */
export async function writeUserKey(key: UserKey): Promise<string> {
  if (key.type === "ssh") return (await import("../ssh/text.ts")).sshLine(key);
  return (await import("../openpgp/armor.ts")).armor(key.bytes);
}

/**
 * What two copies of a public key say together. Nothing that the key's holder ever signed is lost.
 * @throws Problem `unusable-key` when they are different keys
 */
export async function mergeUserKeys(a: UserKey, b: UserKey): Promise<UserKey> {
  if (a.type === "openpgp" && b.type === "openpgp") {
    const { mergeCertificates } = await import("../openpgp/merge.ts");
    return mergeCertificates(a, b);
  }
  const { mergeSshKeys } = await import("../ssh/public-key.ts");
  return mergeSshKeys(a, b);
}

/** Whether a key speaks for another one of its holder. An SSH key can neither give nor take such a word. */
export async function isIntroducedBy(key: UserKey, introducer: UserKey): Promise<boolean> {
  if (key.type !== "openpgp" || introducer.type !== "openpgp") return false;
  const { isCertifiedBy } = await import("../openpgp/introduction.ts");
  return isCertifiedBy(key, introducer);
}
