import type { Digest } from "./digest.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { Manifest, Member, Property } from "./manifest.ts";
import { Problem } from "./problem.ts";

/** A manifest that was parsed from bytes of this digest. */
export interface Known {
  readonly manifest: Manifest;
  readonly digest: Digest;
}

/** The access that a manifest's author has in a set of members; the key must be listed there too. */
function entitled(members: ReadonlyMap<string, Member>, author: Manifest["author"]): boolean {
  const member = members.get(author.user);
  return member !== undefined && member.access === "write" && member.keys.has(author.key);
}

/** Whether anything is wrapped to a member: nothing is to one whose keys are all write-only. */
export function reads(member: Member): boolean {
  return [...member.keys.values()].some((part) => part !== null);
}

/** Whether a member waits to be let in: they had no usable key when a writer made or changed them, so none is listed. */
export function isPending(member: Member): boolean {
  return member.keys.size === 0;
}

/** The members to whom something is wrapped, by name. */
export function readersOf(members: ReadonlyMap<string, Member>): readonly string[] {
  return [...members]
    .filter(([, member]) => reads(member))
    .map(([user]) => user)
    .sort();
}

/** Whether a key of a member is write-only in a manifest: it signs, but nothing is wrapped to it. */
function isWriteOnly(members: ReadonlyMap<string, Member>, user: string, key: Fingerprint): boolean {
  return members.get(user)?.keys.get(key) === null;
}

/** Why revision 1 may not be what it is, as the end of a sentence; `null` when all is well. */
export function faultOfFirst(first: Manifest): string | null {
  if (first.revision !== 1) return "is not the first revision";
  if (!entitled(first.members, first.author))
    return `was made by ${first.author.user}, who is no writer in it`;
  return faultOfProperties(first, new Map());
}

/**
 * Why a revision does not follow another, as the end of a sentence; `null` when all is well: the chain holds, and the
 * author's key was entitled to make it by the revision before.
 */
export function faultOfNext(previous: Known, next: Manifest): string | null {
  const before = previous.manifest;
  if (next.store !== before.store || next.object.id !== before.object.id) return "belongs to another object";
  if (next.revision !== before.revision + 1)
    return `has revision ${next.revision} behind revision ${before.revision}`;
  if (next.previous !== previous.digest) return "does not continue the revision before it";
  if (!entitled(before.members, next.author)) {
    return `was made by ${next.author.user} with a key that had no write access before`;
  }
  if (isWriteOnly(before.members, next.author.user, next.author.key) && !leavesRights(before, next)) {
    return `was made with a write-only key of ${next.author.user}, which may not change members, name or deletion`;
  }
  return faultOfProperties(next, before.properties);
}

function leavesRights(before: Manifest, next: Manifest): boolean {
  return (
    next.object.name === before.object.name &&
    next.deleted === before.deleted &&
    next.members.size === before.members.size &&
    [...next.members].every(([user, member]) => sameMember(member, before.members.get(user)))
  );
}

/** Whether two members have the same access, with the same keys. */
export function sameMember(a: Member, b: Member | undefined): boolean {
  return b !== undefined && a.access === b.access && sameKeys(a, b);
}

/** Whether two members have the same keys, wrapped to the same (sub)keys. */
export function sameKeys(a: Member, b: Member): boolean {
  return a.keys.size === b.keys.size && [...a.keys].every(([key, part]) => b.keys.get(key) === part);
}

/** A value that this revision did not seal is one that stood before (a restored one comes from further back). */
function faultOfProperties(next: Manifest, before: ReadonlyMap<string, Property>): string | null {
  for (const [name, property] of next.properties) {
    const old = before.get(name);
    if (old !== undefined && old.revision === property.revision && !sameProperty(old, property)) {
      return `changes '${name}' without a revision of its own`;
    }
    if (next.revision === 1 && property.revision !== 1)
      return `has a '${name}' from before the first revision`;
  }
  return null;
}

/** Whether two entries of a property name the very same value. */
export function sameProperty(a: Property, b: Property): boolean {
  return (
    a.kind === b.kind &&
    a.digest === b.digest &&
    a.size === b.size &&
    a.revision === b.revision &&
    (a.kind !== "encrypted" || (b.kind === "encrypted" && a.commitment === b.commitment))
  );
}

/**
 * Checks that a manifest is of the store and name that were asked for, and not of a deleted object, unless one was asked
 * for too.
 * @throws Problem `untrusted-server`
 */
export function checkIsAsked(
  manifest: Manifest,
  asked: { store: string; name: string; deleted?: boolean },
): void {
  if (manifest.store !== asked.store) {
    untrusted(`the server gave a manifest of another store for '${asked.name}'`);
  }
  if (manifest.object.name !== asked.name) {
    untrusted(`the server gave the machine '${manifest.object.name}' where '${asked.name}' was asked for`);
  }
  if (manifest.deleted && asked.deleted !== true) {
    untrusted(`the server gave '${asked.name}' as it was when ${manifest.author.user} deleted it`);
  }
}

/**
 * Checks that a manifest is not below the newest one that this client has verified, nor another one of its revision.
 * @throws Problem `untrusted-server`
 */
export function checkNotOlder(remembered: Known, shown: Known): void {
  const { manifest, digest } = shown;
  const last = remembered.manifest.revision;
  if (manifest.revision < last) {
    untrusted(
      `the server gave revision ${manifest.revision} of '${manifest.object.name}', but this client has already seen revision ${last}`,
    );
  }
  if (manifest.revision === last && digest !== remembered.digest) {
    untrusted(
      `the server gave a revision ${last} of '${manifest.object.name}' that differs from the one this client has seen`,
    );
  }
}

/**
 * Checks the chain from the newest manifest that this client has verified up to the one shown: every link and every
 * author's right to make it.
 * @param revisions the missed ones, in order, the one shown last
 * @returns those whose signatures must still be verified, in order, the newest always among them
 * @throws Problem `untrusted-server`
 */
export function checkChain(remembered: Known, revisions: readonly Known[]): readonly Known[] {
  let before = remembered;
  for (const next of revisions) {
    const fault = faultOfNext(before, next.manifest);
    if (fault !== null) {
      untrusted(`revision ${next.manifest.revision} of '${next.manifest.object.name}' ${fault}`);
    }
    before = next;
  }
  return unproven(remembered, revisions);
}

/**
 * A signature vouches for the whole chain below it as far as its author could have made that alone. So backwards from
 * the newest, each revision that changed members, name or deletion needs a signature of its own, until one is signed
 * with a key that had every right in what this client remembers. Else a server could slip in an unsigned revision in
 * the name of a writer, which lets a newcomer in who then signs the next one; or have a write-only key sign on top.
 */
function unproven(remembered: Known, revisions: readonly Known[]): readonly Known[] {
  const found: Known[] = [];
  for (const [index, one] of [...revisions.entries()].reverse()) {
    const before = (revisions[index - 1] ?? remembered).manifest;
    const isNewest = index === revisions.length - 1;
    if (!isNewest && leavesRights(before, one.manifest)) continue;
    found.unshift(one);
    const { author } = one.manifest;
    if (hasAllRights(remembered.manifest.members, author) && hasAllRights(before.members, author)) break;
  }
  return found;
}

function hasAllRights(members: ReadonlyMap<string, Member>, author: Manifest["author"]): boolean {
  return entitled(members, author) && !isWriteOnly(members, author.user, author.key);
}

/**
 * Whether the author of a revision has, by what it says itself, every right in it. A write-only key vouches for values,
 * not for members; and who is no writer in what they signed can have signed it only if the revision before says so: a
 * writer may give up writing, a reader may change nothing.
 */
export function isByFullWriter({ members, author }: Manifest): boolean {
  return hasAllRights(members, author);
}

/**
 * The least that holds for a newest revision that this client sees first: a revision 1 is checked as such; of a later
 * one, only that its property revisions fit was checked when it was parsed, and the caller says so.
 * @throws Problem `untrusted-server`
 */
export function checkAtFirstSight(manifest: Manifest): void {
  const fault = manifest.revision === 1 ? faultOfFirst(manifest) : null;
  if (fault !== null) untrusted(`revision 1 of '${manifest.object.name}' ${fault}`);
}

function untrusted(sentence: string): never {
  throw new Problem("untrusted-server", `${sentence}; nothing of it was used, ask who runs the server`);
}
