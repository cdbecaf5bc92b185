/** Detached OpenPGP signatures, as commits, logins and vouches carry them. */
import type { Fingerprint } from "../fingerprint.ts";
import { Problem } from "../problem.ts";
import type { Certificate, KeyPart } from "./certificate.ts";
import { readOnePacket, tags } from "./packet.ts";
import { claims, readKeyPacket, readSignature, strongHashes, types, verified } from "./selfsignature.ts";

/** Subpackets that may stand outside of what is signed, since they only help to find the key (RFC 9580, section 5.2.3). */
const unsignedSubpackets = [16, 33];

/**
 * Checks that a signature is one binary detached one (RFC 9580, section 5.2; version 4, type 0x00, SHA-256 or
 * better, without an expiry) over the data, by the primary key of the certificate or one of its signing subkeys.
 * Expiry, revocation and dates of the keys do not count here: what was signed stays signed. `assertMayStillSign`
 * (keys/signature.ts) is for what is signed now.
 * @param signature in binary
 * @returns the part that signed
 * @throws Problem `bad-signature`
 */
export async function verifyDetached(
  certificate: Certificate,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<{ signedBy: Fingerprint }> {
  const content = readOnePacket(signature, {
    tag: tags.signature,
    code: "bad-signature",
    what: "the signature",
    partial: false,
  });
  const read = readSignature(content);
  if (read === null) throw bad("it is damaged, or of a kind that pstore does not use");
  if (read.signatureType !== types.binary) throw bad("it is of another type than a binary document's");
  if (!strongHashes.includes(read.hashAlgorithm ?? 0)) throw bad("its hash algorithm is weaker than SHA-256");
  if (read.signatureExpirationTime !== null)
    throw bad("it has an expiry (`ask-sig-expire` or `default-sig-expire`)");
  if (read.unhashedSubpackets.some(({ type }) => !unsignedSubpackets.includes(type))) {
    throw bad("it holds more than it signs");
  }
  for (const part of possibleSigners(certificate)) {
    const key = part.unsuitable === null ? await readKeyPacket(part.packet) : null;
    if (key === null || !claims(read, key)) continue;
    if ((await verified(content, [types.binary], key, data, strongHashes)) === null) break;
    return { signedBy: part.fingerprint };
  }
  throw bad(`it was not made over this by the key ${certificate.fingerprint}`);
}

/** The primary key is one even if it has since been made to certify only. */
function possibleSigners({ primary, signing }: Certificate): KeyPart[] {
  return signing.includes(primary) ? signing : [primary, ...signing];
}

function bad(why: string): Problem {
  return new Problem("bad-signature", `the signature is refused: ${why}`);
}
