import { isPending } from "@pstore/core/checks";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { findKey } from "../repositories/keys.ts";
import { membershipsOf } from "../repositories/members.ts";
import { headsOf } from "../repositories/revisions.ts";
import { listUsers } from "../repositories/users.ts";
import { abilitiesOf } from "./abilities.ts";
import { usersWithKeys } from "./directory.ts";
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
  const key = await findKey(db, fingerprint);
  const user = (await listUsers(db)).find(({ id }) => id === key?.user_id);
  if (key === undefined || key.removed !== null || user === undefined)
    throw new Problem("not-found", `no key ${readable(fingerprint)} is registered; see 'key list'`);
  const manifests = await livingOf(db, user.id);
  const listing = manifests.filter(({ members }) => members.get(user.name)?.keys.has(fingerprint));
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

/** How many living objects of a user do not list a key of theirs. */
export async function countsWithout(
  db: Db,
  user: string,
  fingerprint: Fingerprint,
): Promise<{ readonly waiting: number; readonly others: number }> {
  const found = (await usersWithKeys(db, [user])).get(user);
  const manifests = found === undefined ? [] : await livingOf(db, found.user.id);
  const members = manifests.flatMap(({ members }) => members.get(user) ?? []);
  const waiting = members.filter(isPending).length;
  return { waiting, others: members.filter(({ keys }) => !keys.has(fingerprint)).length - waiting };
}

async function livingOf(db: Db, userId: string): Promise<readonly Manifest[]> {
  const objects = (await membershipsOf(db, userId)).filter((object) => object.live_name !== null);
  const ids = objects.map(({ id }) => id);
  return (await headsOf(db, ids)).map(({ manifest }) => parseManifest(manifest));
}
