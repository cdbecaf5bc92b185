import type { Updateable } from "kysely";
import type { Db } from "../database/open.ts";
import type { PublicKeyTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

export async function insertKey(db: Db, row: PublicKeyTable): Promise<void> {
  await db.insertInto("public_keys").values(row).execute();
}

/** A key of whatever state, removed ones too. */
export async function findKey(db: Db, fingerprint: string): Promise<PublicKeyTable | undefined> {
  return await db
    .selectFrom("public_keys")
    .selectAll()
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
}

/** Keys of whatever state. */
export async function findKeys(db: Db, fingerprints: readonly string[]): Promise<PublicKeyTable[]> {
  if (fingerprints.length === 0) return [];
  return await db.selectFrom("public_keys").selectAll().where("fingerprint", "in", fingerprints).execute();
}

/** The current keys (not removed; perhaps expired) of users, in the order in which they were added. */
export async function currentKeys(db: Db, userIds: readonly string[]): Promise<PublicKeyTable[]> {
  const found: PublicKeyTable[] = [];
  for (const some of slices(userIds)) {
    const rows = await db
      .selectFrom("public_keys")
      .selectAll()
      .where("user_id", "in", some)
      .where("removed", "is", null)
      .orderBy("added")
      .orderBy("fingerprint")
      .execute();
    found.push(...rows);
  }
  return found;
}

export async function updateKey(
  db: Db,
  fingerprint: string,
  change: Updateable<PublicKeyTable>,
): Promise<void> {
  await db.updateTable("public_keys").set(change).where("fingerprint", "=", fingerprint).execute();
}

/** All current keys of users who were not removed, with their names. */
export async function listKeys(db: Db): Promise<(PublicKeyTable & { user_name: string })[]> {
  return await db
    .selectFrom("public_keys")
    .innerJoin("users", "users.id", "public_keys.user_id")
    .selectAll("public_keys")
    .select("users.name as user_name")
    .where("public_keys.removed", "is", null)
    .where("users.removed", "is", null)
    .orderBy("users.name")
    .orderBy("public_keys.added")
    .execute();
}

/** Every key that a user has or had. */
export async function keysOf(db: Db, userId: string): Promise<PublicKeyTable[]> {
  return await db
    .selectFrom("public_keys")
    .selectAll()
    .where("user_id", "=", userId)
    .orderBy("added")
    .orderBy("fingerprint")
    .execute();
}
