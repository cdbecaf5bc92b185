import { setImmediate as othersFirst } from "node:timers/promises";
import { isPending } from "@pstore/core/checks";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import type { Db } from "../database/open.ts";
import { slices } from "../database/slices.ts";
import { membershipsOf } from "../repositories/members.ts";
import { headsOf } from "../repositories/revisions.ts";
import { findUser, findUserById } from "../repositories/users.ts";
import { abilitiesOf } from "./abilities.ts";
import { usersWithKeys } from "./directory.ts";
import { currentKey } from "./keys.ts";
import { hasUsableKey } from "./members.ts";

/** What hangs on a key that the store has. */
export interface KeyStanding {
  readonly user: string;
  /** Whether the user has another key at the store that is good for anything. */
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
  const listing: Manifest[] = [];
  for await (const manifest of livingOf(db, user.id)) {
    if (manifest.members.get(user.name)?.keys.has(fingerprint)) listing.push(manifest);
  }
  const users = await usersWithKeys(db, [
    user.name,
    ...listing.flatMap(({ members }) => [...members.keys()]),
  ]);
  const now = new Date();
  const machines: MachineOfKey[] = [];
  for (const { object, members } of listing) {
    const all = await Promise.all(
      [...members].map(async ([name, member]) => ({
        name,
        ...(await abilitiesOf(member, users.get(name), now, fingerprint)),
      })),
    );
    const before = members.get(user.name);
    const after = all.find(({ name }) => name === user.name);
    machines.push({
      name: object.name,
      onlyKey: before?.keys.get(fingerprint) === null ? after?.writes === false : after?.reads === false,
      onlyReader: before?.keys.get(fingerprint) !== null && all.every(({ reads }) => !reads),
      onlyWriter: before?.access === "write" && all.every(({ writes }) => !writes),
    });
  }
  const found = users.get(user.name);
  const rest = found && { ...found, keys: found.keys.filter((one) => one.fingerprint !== fingerprint) };
  return {
    user: user.name,
    hasOther: rest !== undefined && (await hasUsableKey(rest, now)),
    machines: machines.sort((a, b) => (a.name < b.name ? -1 : 1)),
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
  for await (const { members } of livingOf(db, found.id)) {
    const member = members.get(user);
    if (member === undefined) continue;
    const listed = member.keys.get(fingerprint);
    if (isPending(member)) counts.waiting++;
    else if (listed === undefined) counts.others++;
    else if (part !== null && listed !== part) counts.earlier++;
  }
  return counts;
}

/** So many manifests are read at once, between two looks at other requests. */
const manifestsAtOnce = 50;

async function* livingOf(db: Db, userId: string): AsyncGenerator<Manifest> {
  const objects = (await membershipsOf(db, userId)).filter((object) => object.live_name !== null);
  const ids = objects.map(({ id }) => id);
  for (const some of slices(ids, manifestsAtOnce)) {
    for (const { manifest } of await headsOf(db, some)) yield parseManifest(manifest);
    await othersFirst();
  }
}
