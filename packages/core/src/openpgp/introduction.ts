/** Whether one key speaks for another: a certification of its user id (RFC 9580, section 5.2.1, types 0x10 to 0x13). */
import type { Certificate } from "./certificate.ts";
import { readBlock } from "./key-block.ts";
import {
  latest,
  latestCertification,
  newer,
  readKeyPacket,
  strongHashes,
  types,
  userIdSubject,
} from "./selfsignature.ts";

/**
 * Whether the primary key of `signer` certified a user id that the certificate has, by SHA-256 or better, and has
 * not revoked that since. A revoked signer certifies nothing.
 */
export async function isCertifiedBy(
  certificate: Certificate,
  signer: Certificate,
  now = new Date(),
): Promise<boolean> {
  if (signer.revoked) return false;
  const block = readBlock(certificate.bytes);
  const key = await readKeyPacket(block.primary.packet);
  const signerKey = await readKeyPacket(signer.primary.packet);
  if (key === null || signerKey === null) return false;
  for (const component of block.userIds) {
    const subject = userIdSubject(key, component.packet);
    const certification = await latest(
      component.signatures,
      types.certifications,
      signerKey,
      subject,
      strongHashes,
    );
    if (certification === null || certification.isExpired(now)) continue;
    // A revocation counts whatever its hash: it only takes away.
    const revocation = await latest(
      component.signatures,
      [types.certificationRevocation],
      signerKey,
      subject,
    );
    if (revocation !== null && !newer(certification, revocation)) continue;
    if ((await latestCertification(component, key)) !== null) return true;
  }
  return false;
}
