import type { Db } from "../database/open.ts";
import type { PublicKeyTable, UserTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

/** A user of whatever state with their current keys. */
export interface UserWithKeys {
  readonly user: UserTable;
  readonly keys: readonly PublicKeyTable[];
}

/**
 * Those of the users named that there are, each with the current keys (not removed; perhaps expired) in the order in which
 * they were added.
 * @param also fingerprints of keys that come along even when they were removed
 */
export async function findUsersWithKeys(
  db: Db,
  names: readonly string[],
  also: readonly string[],
): Promise<UserWithKeys[]> {
  const found = new Map<string, { user: UserTable; keys: PublicKeyTable[] }>();
  for (const some of slices(names)) {
    const rows = await db
      .selectFrom("users")
      .leftJoin("public_keys", (join) =>
        join
          .onRef("public_keys.user_id", "=", "users.id")
          .on((eb) =>
            eb.or([
              eb("public_keys.removed", "is", null),
              ...(also.length === 0 ? [] : [eb("public_keys.fingerprint", "in", also)]),
            ]),
          ),
      )
      .selectAll("users")
      // Not all of them: both tables have a column `removed`.
      .select([
        "public_keys.fingerprint",
        "public_keys.block",
        "public_keys.write_only",
        "public_keys.description",
        "public_keys.user_ids",
        "public_keys.expires",
        "public_keys.added",
        "public_keys.removed as key_removed",
      ])
      .where("users.name", "in", some)
      .orderBy("public_keys.added")
      .orderBy("public_keys.fingerprint")
      .execute();
    for (const row of rows) {
      const { fingerprint, block, write_only, description, user_ids, expires, added, key_removed, ...user } =
        row;
      const its = found.get(user.name) ?? { user, keys: [] };
      found.set(user.name, its);
      // Of a user without a key, all of it is null.
      if (fingerprint === null || block === null || write_only === null || added === null) continue;
      its.keys.push({
        ...{ fingerprint, user_id: user.id, block, write_only, description: description ?? "" },
        ...{ user_ids: user_ids ?? "", expires, added, removed: key_removed },
      });
    }
  }
  return [...found.values()];
}
