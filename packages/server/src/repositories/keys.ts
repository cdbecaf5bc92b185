import type { Updateable } from "kysely";
import { contains } from "../database/contains.ts";
import type { Db } from "../database/open.ts";
import type { PublicKeyTable } from "../database/schema.ts";
import { foldedLower } from "../database/searched-user-ids.ts";
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

export interface KeyPlace {
  readonly userName: string;
  readonly fingerprint: string;
}

export interface KeySearch {
  /** Part of a fingerprint, the user's name, the description or a user id, whatever its case; empty: any. */
  readonly text: string;
  /** Only keys behind this one. */
  readonly after: KeyPlace | null;
  readonly limit: number;
}

/** Current keys of users who were not removed, by user and fingerprint. */
export async function searchKeys(
  db: Db,
  { text, after, limit }: KeySearch,
): Promise<(PublicKeyTable & { user_name: string })[]> {
  let query = db
    .selectFrom("public_keys")
    .innerJoin("users", "users.id", "public_keys.user_id")
    .selectAll("public_keys")
    .select("users.name as user_name")
    .where("public_keys.removed", "is", null)
    .where("users.removed", "is", null);
  if (text !== "") {
    query = query.where((eb) =>
      eb.or([
        contains("public_keys.fingerprint", text.replace(/\s/g, "")),
        contains("users.name", text),
        contains("public_keys.description", text),
        contains("public_keys.user_ids", foldedLower(text)),
      ]),
    );
  }
  if (after !== null) {
    query = query.where((eb) =>
      eb.or([
        eb("users.name", ">", after.userName),
        eb.and([
          eb("users.name", "=", after.userName),
          eb("public_keys.fingerprint", ">", after.fingerprint),
        ]),
      ]),
    );
  }
  return await query.orderBy("users.name").orderBy("public_keys.fingerprint").limit(limit).execute();
}

/** How many current keys users have, by their ids; those without one are left out. */
export async function countKeys(db: Db, userIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const some of slices(userIds)) {
    const rows = await db
      .selectFrom("public_keys")
      .select((eb) => ["user_id", eb.fn.countAll<number>().as("count")])
      .where("user_id", "in", some)
      .where("removed", "is", null)
      .groupBy("user_id")
      .execute();
    for (const row of rows) found.set(row.user_id, Number(row.count));
  }
  return found;
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
