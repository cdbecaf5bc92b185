import { have } from "@pstore/core/api/have";
import type { PublicKey, User, UserNames, Users } from "@pstore/core/api/schemas";
import { parseFingerprint } from "@pstore/core/fingerprint";
import { bytesOfKey } from "@pstore/core/keys/stored";
import type { Db } from "../database/open.ts";
import type { PublicKeyTable, UserTable } from "../database/schema.ts";
import { currentKeys, findKeys } from "../repositories/keys.ts";
import { activeNames, findUsers } from "../repositories/users.ts";
import { record } from "./audit.ts";
import type { Caller } from "./sessions.ts";

/** A user of whatever state with their current keys. */
export interface UserWithKeys {
  readonly user: UserTable;
  readonly keys: readonly PublicKeyTable[];
}

/** Those of the users named that there are, disabled and removed ones too, with their current keys. */
export async function usersWithKeys(
  db: Db,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, UserWithKeys>> {
  const users = await findUsers(db, [...new Set(names)]);
  const keys = await currentKeys(
    db,
    users.map((user) => user.id),
  );
  const byUser = Map.groupBy(keys, (key) => key.user_id);
  return new Map(users.map((user) => [user.name, { user, keys: byUser.get(user.id) ?? [] }]));
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
  const found = await usersWithKeys(db, names);
  const asked = await findKeys(db, also);
  return [...found.values()]
    .sort((a, b) => (a.user.name < b.user.name ? -1 : 1))
    .map(({ user, keys }) => {
      const removed = asked.filter((key) => key.user_id === user.id && key.removed !== null);
      return {
        name: user.name,
        active: user.active === 1,
        keys: [...keys, ...removed].map((key) => shownKey(key, held)),
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
