import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { encryptionSubkey, whyUnusable } from "@pstore/core/keys/usability";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { PublicKeyTable } from "../database/schema.ts";
import type { UserWithKeys } from "./directory.ts";
import { userKeyOf } from "./user-keys.ts";

/**
 * Why nothing may be written for a member as a manifest lists them, as a clause that names what to do; `null` when all
 * is well: an active user, and every key listed is a current one of theirs, good for what it is listed for. A pending
 * member, for whom none is listed, is no fault: when to let them in is a writer's affair.
 */
export async function faultOfMember(
  name: string,
  member: Member,
  found: UserWithKeys | undefined,
  now: Date,
): Promise<string | null> {
  if (found === undefined) return `'${name}' is no user of this store (revoke with ^${name})`;
  if (found.user.removed !== null) return `the user ${name} was removed (revoke with ^${name})`;
  if (found.user.active === 0) return `the user ${name} is disabled (revoke with ^${name})`;
  const faults: string[] = [];
  for (const [fingerprint, subkey] of member.keys) {
    const fault = await faultOfKey(
      name,
      fingerprint,
      subkey,
      found.keys.find((key) => key.fingerprint === fingerprint),
      now,
    );
    if (fault !== null) faults.push(fault);
  }
  const [fault] = faults;
  if (fault === undefined) return null;
  if (await hasKeyFor(member, found, now)) return `${fault} (the change must use ${name}'s present keys)`;
  const key = (await hasUsableKey(found, now)) ? "usable key that reads" : "usable key";
  return `${name} has no ${key}: ${fault} (revoke with ^${name}, keep ${name} waiting with --pending, or have a ${key} added)`;
}

/** Tells why nothing may be written for a member, see `faultOfMember`. */
export type MemberFaults = (name: string, member: Member) => Promise<string | null>;

/** The faults of members as they are now: what is the same in many objects is looked at once. */
export function memberFaults(users: ReadonlyMap<string, UserWithKeys>, now: Date): MemberFaults {
  const known = new Map<string, string | null>();
  return async (name, member) => {
    // Neither names nor fingerprints hold a space.
    const what = [name, ...[...member.keys].flat()].join(" ");
    const found = known.get(what);
    if (found !== undefined) return found;
    const fault = await faultOfMember(name, member, users.get(name), now);
    known.set(what, fault);
    return fault;
  };
}

/** Why a key that is listed for a member is no good for what it is listed for, as a clause; `null` when it is. */
export async function faultOfKey(
  name: string,
  fingerprint: Fingerprint,
  subkey: Fingerprint | null,
  key: PublicKeyTable | undefined,
  now: Date,
): Promise<string | null> {
  const whose = `${name}'s key ${readable(fingerprint)}`;
  if (key === undefined) return `${whose} is not registered at this store any more`;
  if (key.write_only === 1)
    return subkey === null ? null : `${whose} is write-only, nothing is encrypted to it`;
  if (subkey === null) return `${whose} is a reading key, but is listed as write-only`;
  try {
    const read = await userKeyOf(key.block);
    const part = read.encrypting.find((one) => one.fingerprint === subkey);
    if (part === undefined) return `${whose} has no encryption subkey ${subkey}`;
    const why = whyUnusable(read.primary, now) ?? whyUnusable(part, now);
    return why === null ? null : `${whose} cannot be used: ${why}`;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

/** Whether a user has any key that a change could list: a write-only one, or one that encrypts now. */
export async function hasUsableKey(found: UserWithKeys, now: Date): Promise<boolean> {
  if (found.user.active === 0) return false;
  return found.keys.some((key) => key.write_only === 1) || (await hasReadingKey(found, now));
}

/** Whether a user has any key that values can be encrypted to now. */
export async function hasReadingKey(found: UserWithKeys, now: Date): Promise<boolean> {
  if (found.user.active === 0) return false;
  for (const key of found.keys) {
    if (key.write_only === 1) continue;
    try {
      encryptionSubkey(await userKeyOf(key.block), now, "");
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }
  return false;
}

/** Whether a change could list a member with the user's present keys: who reads needs one that reads. */
export async function hasKeyFor({ keys }: Member, found: UserWithKeys, now: Date): Promise<boolean> {
  const reads = [...keys.values()].some((part) => part !== null);
  return reads ? await hasReadingKey(found, now) : await hasUsableKey(found, now);
}
