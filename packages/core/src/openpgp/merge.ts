/**
 * What two copies of a certificate say together. OpenPGP.js forgets what it does not understand when it merges, and
 * does not accept what it takes for expired at the time of merging.
 */
import { Problem } from "../problem.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { type Block, type Component, join, largestCertificate, readBlock } from "./key-block.ts";
import type { RawPacket } from "./packet.ts";
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
  const userIds = firstOfEach(block.userIds);
  for (const theirs of gathered(others.userIds)) {
    await takeComponent(block.userIds, userIds, theirs, key, userIdSubject(key, theirs.packet));
  }
  const subkeys = firstOfEach(block.subkeys);
  for (const theirs of gathered(others.subkeys)) {
    const subkey = await readKeyPacket(theirs.packet);
    if (subkey !== null) await takeComponent(block.subkeys, subkeys, theirs, key, { key, bind: subkey });
  }
  takeCertifications(block, others, key);
  return readCertificate(join(block));
}

async function takeComponent(
  mine: Component[],
  mineByContent: ReadonlyMap<string, Component>,
  theirs: Component,
  key: KeyPacket,
  subject: Subject,
): Promise<void> {
  const known = mineByContent.get(textOf(theirs.packet));
  const component = known ?? { packet: theirs.packet, signatures: [] };
  await take(component, theirs, key, subject);
  if (known === undefined && component.signatures.length > 0) mine.push(component);
}

/** Takes over the key holder's own signatures that verify. */
async function take(mine: Component, theirs: Component, key: KeyPacket, subject: Subject): Promise<void> {
  const contents = new Set(mine.signatures.map(textOf));
  const fresh = theirs.signatures.filter((raw) => !contents.has(textOf(raw)));
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
  const given = firstOfEach(gathered(others.userIds));
  for (const [content, mine] of firstOfEach(block.userIds)) {
    const contents = new Set(mine.signatures.map(textOf));
    for (const raw of given.get(content)?.signatures ?? []) {
      if (contents.has(textOf(raw))) continue;
      const read = readSignature(raw.content);
      if (read === null || claims(read, key)) continue;
      room -= raw.whole.length;
      if (room < 0) return;
      contents.add(textOf(raw));
      mine.signatures.push(raw);
    }
  }
}

/*
 * A block of 256 KiB may repeat a part tens of thousands of times, with as many signatures: so whatever is compared is
 * looked up, and each part is looked at once.
 */

/** Parts by what they are; of those that are repeated, the first. */
function firstOfEach(components: readonly Component[]): ReadonlyMap<string, Component> {
  const first = new Map<string, Component>();
  for (const component of components) {
    const content = textOf(component.packet);
    if (!first.has(content)) first.set(content, component);
  }
  return first;
}

/** The parts, each once, with the signatures of all its copies. */
function gathered(components: readonly Component[]): readonly Component[] {
  const all = new Map<string, Component>();
  for (const { packet, signatures } of components) {
    const known = all.get(textOf(packet));
    if (known === undefined) all.set(textOf(packet), { packet, signatures: [...signatures] });
    else for (const signature of signatures) known.signatures.push(signature);
  }
  return [...all.values()];
}

/** What can be looked up of a packet. */
function textOf({ content }: RawPacket): string {
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString("latin1");
}
