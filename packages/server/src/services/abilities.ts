import type { Fingerprint } from "@pstore/core/fingerprint";
import { signingParts } from "@pstore/core/keys/usability";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { UserWithKeys } from "./directory.ts";
import { userKeyOf } from "./user-keys.ts";

/** What a member of an object can do with the keys that are listed for them and that the store has. */
export interface Abilities {
  readonly reads: boolean;
  /** Only a key that the newest revision lists may sign the next one. */
  readonly writes: boolean;
}

/**
 * What a member can do now: an active user with a listed key that signs, be it to sign in.
 * @param without a key that is looked upon as removed
 */
export async function abilitiesOf(
  member: Member,
  found: UserWithKeys | undefined,
  now: Date,
  without: Fingerprint | null = null,
): Promise<Abilities> {
  const none = { reads: false, writes: false };
  if (found === undefined || found.user.active === 0) return none;
  const usable: Fingerprint[] = [];
  for (const key of member.keys.keys()) {
    const row = found.keys.find(({ fingerprint }) => fingerprint === key);
    if (row !== undefined && key !== without && (await signs(row.block, now))) usable.push(key);
  }
  return {
    reads: usable.some((key) => member.keys.get(key) !== null),
    writes: member.access === "write" && usable.length > 0,
  };
}

/** Tells what a member can do now, see {@link abilitiesOf}. */
export type MemberAbilities = (name: string, member: Member) => Promise<Abilities>;

/**
 * What members can do: what is the same in many objects is looked at once.
 * @param users at least those who are asked for; it may grow between two questions
 */
export function memberAbilities(
  users: ReadonlyMap<string, UserWithKeys>,
  now: Date,
  without: Fingerprint,
): MemberAbilities {
  const known = new Map<string, Abilities>();
  return async (name, member) => {
    // Neither names nor fingerprints hold a space.
    const what = [name, member.access, ...[...member.keys].flat()].join(" ");
    const found = known.get(what) ?? (await abilitiesOf(member, users.get(name), now, without));
    known.set(what, found);
    return found;
  };
}

async function signs(block: string, now: Date): Promise<boolean> {
  try {
    signingParts(await userKeyOf(block), now, "");
    return true;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}
