import { digestOf } from "@pstore/core/digest";
import type { Certificate } from "@pstore/core/openpgp/certificate";

const kept = 2000;
const cache = new Map<string, Certificate>();

/**
 * The certificate in a stored block. Reading one checks its self-signatures, which costs milliseconds, and what is in
 * the same bytes does not change: the last ones are kept. Logins do not come here (see sessions.ts).
 * @throws Problem `unusable-key`
 */
export async function certificateOf(block: string): Promise<Certificate> {
  const digest = digestOf(block);
  const known = cache.get(digest);
  if (known !== undefined) return known;
  const { readCertificate } = await import("@pstore/core/openpgp/certificate");
  const certificate = await readCertificate(block);
  for (const oldest of cache.keys()) {
    if (cache.size < kept) break;
    cache.delete(oldest);
  }
  cache.set(digest, certificate);
  return certificate;
}
