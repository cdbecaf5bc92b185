import { isPending } from "@pstore/core/checks";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import type { Db } from "../database/open.ts";
import { livingManifests } from "../repositories/revisions.ts";
import { findUser, findUserById } from "../repositories/users.ts";
import { type MemberAbilities, memberAbilities } from "./abilities.ts";
import { usersWithKeys } from "./directory.ts";
import { currentKey } from "./keys.ts";
import { hasReadingKey, hasUsableKey } from "./members.ts";
import { objectsOfMember } from "./turns.ts";

/** What hangs on a key that the store has. */
export interface KeyStanding {
  readonly user: string;
  /** Whether the user has another key at the store that could take its place: for one that reads, one that reads. */
  readonly hasOther: boolean;
  /** Living objects that list it, by name. */
  readonly machines: readonly MachineOfKey[];
}

export interface MachineOfKey {
  readonly name: string;
  /** The user reads, or writes, there with no other key. */
  readonly onlyKey: boolean;
  /** Nobody at all could read it without the key. */
  readonly onlyReader: boolean;
  /** Nobody at all could write it without the key. */
  readonly onlyWriter: boolean;
}

/** @throws Problem `not-found` when no such key is registered */
export async function standingOfKey(db: Db, fingerprint: Fingerprint): Promise<KeyStanding> {
  const key = await currentKey(db, fingerprint);
  const user = await findUserById(db, key.user_id);
  if (user === undefined) throw new Error("a key has no user");
  const users = new Map(await usersWithKeys(db, [user.name]));
  const now = new Date();
  const abilities = memberAbilities(users, now, fingerprint);
  const machines: MachineOfKey[] = [];
  for await (const manifests of livingOf(db, user.id)) {
    const listing = manifests.filter(({ members }) => members.get(user.name)?.keys.has(fingerprint));
    const names = new Set(listing.flatMap(({ members }) => [...members.keys()]));
    const unknown = [...names].filter((name) => !users.has(name));
    for (const [name, one] of await usersWithKeys(db, unknown)) users.set(name, one);
    for (const manifest of listing)
      machines.push(await machineOf(manifest, user.name, fingerprint, abilities));
  }
  const found = users.get(user.name);
  const rest = found && { ...found, keys: found.keys.filter((one) => one.fingerprint !== fingerprint) };
  return {
    user: user.name,
    hasOther: rest !== undefined && (await (key.write_only === 1 ? hasUsableKey : hasReadingKey)(rest, now)),
    machines: machines.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

async function machineOf(
  { object, members }: Manifest,
  user: string,
  fingerprint: Fingerprint,
  abilities: MemberAbilities,
): Promise<MachineOfKey> {
  let isRead = false;
  let isWritten = false;
  for (const [name, member] of members) {
    const { reads, writes } = await abilities(name, member);
    isRead ||= reads;
    isWritten ||= writes;
  }
  const own = members.get(user);
  const after = own && (await abilities(user, own));
  const isWriteOnly = own?.keys.get(fingerprint) === null;
  return {
    name: object.name,
    onlyKey: isWriteOnly ? after?.writes === false : after?.reads === false,
    onlyReader: !isWriteOnly && !isRead,
    onlyWriter: own?.access === "write" && !isWritten,
  };
}

/** How many living objects of a user are not encrypted to a key of theirs as it is now. */
export interface CountsWithout {
  /** Those on which the user waits to be let in. */
  readonly waiting: number;
  /** Those that do not list the key. */
  readonly others: number;
  /** Those that list it, and are encrypted to another part of it. */
  readonly earlier: number;
}

/** @param part what values are encrypted to now; `null`: none */
export async function countsWithout(
  db: Db,
  user: string,
  fingerprint: Fingerprint,
  part: Fingerprint | null,
): Promise<CountsWithout> {
  const counts = { waiting: 0, others: 0, earlier: 0 };
  const found = await findUser(db, user);
  if (found === undefined) return counts;
  for await (const manifests of livingOf(db, found.id)) {
    for (const { members } of manifests) {
      const member = members.get(user);
      if (member === undefined) continue;
      const listed = member.keys.get(fingerprint);
      if (isPending(member)) counts.waiting++;
      else if (listed === undefined) counts.others++;
      else if (part !== null && listed !== part) counts.earlier++;
    }
  }
  return counts;
}

/** So many manifests are read at once, between two looks at other requests. */
const manifestsAtOnce = 50;

/** What the living objects of a user are now, some at a time. */
async function* livingOf(db: Db, userId: string): AsyncGenerator<readonly Manifest[]> {
  for await (const ids of objectsOfMember(db, userId, manifestsAtOnce))
    yield (await livingManifests(db, userId, ids)).map(parseManifest);
}
