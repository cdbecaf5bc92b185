/**
 * What two copies of a certificate say together. OpenPGP.js forgets what it does not understand when it merges, and
 * does not accept what it takes for expired at the time of merging.
 */
import { Problem } from "../problem.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { type Block, type Component, join, largestCertificate, readBlock } from "./key-block.ts";
import {
  claims,
  hasBackSignature,
  type KeyPacket,
  readKeyPacket,
  readSignature,
  type Subject,
  types,
  userIdSubject,
  verified,
} from "./selfsignature.ts";

/**
 * What two copies of a certificate say together. Nothing that the key holder ever signed is lost, revocations and
 * newer subkeys above all; what does not verify is not taken over. Merging what is known already changes no byte.
 * @throws Problem `unusable-key` when they are different keys
 */
export async function mergeCertificates(a: Certificate, b: Certificate): Promise<Certificate> {
  if (a.fingerprint !== b.fingerprint) {
    throw new Problem(
      "unusable-key",
      `${a.fingerprint} and ${b.fingerprint} are different keys, and cannot be merged`,
    );
  }
  const block = readBlock(a.bytes);
  const others = readBlock(b.bytes);
  const key = await readKeyPacket(block.primary.packet);
  if (key === null) throw new Problem("unusable-key", `${a.fingerprint} is damaged`);

  await take(block.primary, others.primary, key, { key });
  for (const theirs of others.userIds) {
    await takeComponent(block.userIds, theirs, key, userIdSubject(key, theirs.packet));
  }
  for (const theirs of others.subkeys) {
    const subkey = await readKeyPacket(theirs.packet);
    if (subkey !== null) await takeComponent(block.subkeys, theirs, key, { key, bind: subkey });
  }
  takeCertifications(block, others, key);
  return readCertificate(join(block));
}

async function takeComponent(
  mine: Component[],
  theirs: Component,
  key: KeyPacket,
  subject: Subject,
): Promise<void> {
  const known = mine.find(({ packet }) => same(packet.content, theirs.packet.content));
  const component = known ?? { packet: theirs.packet, signatures: [] };
  await take(component, theirs, key, subject);
  if (known === undefined && component.signatures.length > 0) mine.push(component);
}

/** Takes over the key holder's own signatures that verify. */
async function take(mine: Component, theirs: Component, key: KeyPacket, subject: Subject): Promise<void> {
  const fresh = theirs.signatures.filter(
    ({ content }) => !mine.signatures.some((known) => same(known.content, content)),
  );
  if (fresh.length === 0) return;
  const known = new Set<string>();
  for (const { content } of mine.signatures) {
    const identity = await selfSignatureIdentity(content, key, subject);
    if (identity !== null) known.add(identity);
  }
  for (const raw of fresh) {
    const identity = await selfSignatureIdentity(raw.content, key, subject);
    if (identity === null || known.has(identity)) continue;
    known.add(identity);
    mine.signatures.push(raw);
  }
}

const selfSignatureTypes = [
  ...types.certifications,
  types.subkeyBinding,
  types.directKey,
  types.keyRevocation,
  types.subkeyRevocation,
  types.certificationRevocation,
];

/**
 * What a valid self-signature says: its signed octets, and whether a back-signature is there. Anyone may change the
 * unsigned octets, and must not make a certificate grow so. (GnuPG puts back-signatures there.)
 */
async function selfSignatureIdentity(
  content: Uint8Array,
  key: KeyPacket,
  subject: Subject,
): Promise<string | null> {
  const signature = await verified(content, selfSignatureTypes, key, subject);
  if (signature === null) return null;
  const subkey = subject instanceof Uint8Array ? undefined : subject.bind;
  const agrees = subkey !== undefined && (await hasBackSignature(signature, subject, subkey));
  const signed = content.subarray(0, 6 + (((content[4] ?? 0) << 8) | (content[5] ?? 0)));
  return `${Buffer.from(signed).toString("base64")} ${agrees}`;
}

/** Other people's certifications cannot be verified here: they come along while there is room for them. */
function takeCertifications(block: Block, others: Block, key: KeyPacket): void {
  let room = largestCertificate / 2 - join(block).length;
  for (const mine of block.userIds) {
    const theirs = others.userIds.find(({ packet }) => same(packet.content, mine.packet.content));
    for (const raw of theirs?.signatures ?? []) {
      const read = readSignature(raw.content);
      if (
        read === null ||
        claims(read, key) ||
        mine.signatures.some(({ content }) => same(content, raw.content))
      )
        continue;
      room -= raw.whole.length;
      if (room < 0) return;
      mine.signatures.push(raw);
    }
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
