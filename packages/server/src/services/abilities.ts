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

async function signs(block: string, now: Date): Promise<boolean> {
  try {
    signingParts(await userKeyOf(block), now, "");
    return true;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}
