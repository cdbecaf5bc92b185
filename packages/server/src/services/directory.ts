import { have } from "@pstore/core/api/have";
import type { PublicKey, User, UserNames, Users } from "@pstore/core/api/schemas";
import { parseFingerprint } from "@pstore/core/fingerprint";
import { bytesOfKey } from "@pstore/core/keys/stored";
import type { Db } from "../database/open.ts";
import type { PublicKeyTable } from "../database/schema.ts";
import { activeNames } from "../repositories/users.ts";
import { findUsersWithKeys, type UserWithKeys } from "../repositories/users-with-keys.ts";
import { record } from "./audit.ts";
import type { Caller } from "./sessions.ts";

export type { UserWithKeys } from "../repositories/users-with-keys.ts";

/** Those of the users named that there are, disabled and removed ones too, with their current keys. */
export async function usersWithKeys(
  db: Db,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, UserWithKeys>> {
  const found = await findUsersWithKeys(db, [...new Set(names)], []);
  return new Map(found.map((one) => [one.user.name, one]));
}

/**
 * The users named, by name, as the API shows them: disabled and removed ones too, and expired keys, so that a client
 * can say what is wrong.
 * @param also fingerprints of keys that are included even when they were removed
 * @param held the keys that the caller has, which are named only (see core's have.ts)
 */
export async function shownUsers(
  db: Db,
  names: Iterable<string>,
  also: readonly string[] = [],
  held: readonly string[] = [],
): Promise<User[]> {
  const found = await findUsersWithKeys(db, [...new Set(names)], also);
  return found
    .sort((a, b) => (a.user.name < b.user.name ? -1 : 1))
    .map(({ user, keys }) => {
      const [current, removed] = [
        keys.filter((key) => key.removed === null),
        keys.filter((key) => key.removed !== null),
      ];
      return {
        name: user.name,
        active: user.active === 1,
        keys: [...current, ...removed].map((key) => shownKey(key, held)),
      };
    });
}

/**
 * The users named with their keys, for the API.
 * @param also see {@link shownUsers}
 */
export async function listUsers(
  db: Db,
  caller: Caller,
  names: readonly string[],
  also: readonly string[],
): Promise<Users> {
  const users = await shownUsers(db, names, also);
  await record(db, caller, [{ action: "list users", detail: names.join(" ") }]);
  return { users };
}

/** The most names of users in one answer. */
const maxNames = 1000;

/** The names of active users that contain a text, whatever its case, by name. */
export async function listUserNames(db: Db, caller: Caller, text: string): Promise<UserNames> {
  const names = await activeNames(db, text, maxNames);
  await record(db, caller, [{ action: "list users", detail: `'${text}'` }]);
  return { names };
}

function shownKey(key: PublicKeyTable, held: readonly string[]): PublicKey {
  const fingerprint = parseFingerprint(key.fingerprint);
  const isHeld = held.length > 0 && held.includes(have(fingerprint, bytesOfKey(key.block)));
  return {
    fingerprint,
    publicKey: isHeld ? null : key.block,
    writeOnly: key.write_only === 1,
    removed: key.removed !== null,
    description: key.description,
  };
}
