import type { Db } from "../database/open.ts";
import type { Flag, MemberTable, ObjectTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

export interface NamedMember {
  object_id: string;
  user_name: string;
  access: "read" | "write";
  pending: Flag;
}

export async function membersOf(db: Db, objectIds: readonly string[]): Promise<NamedMember[]> {
  const found: NamedMember[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("members")
      .innerJoin("users", "users.id", "members.user_id")
      .select(["members.object_id", "members.access", "members.pending", "users.name as user_name"])
      .where("members.object_id", "in", ids)
      .orderBy("users.name")
      .execute();
    found.push(...rows);
  }
  return found;
}

export async function accessOf(db: Db, objectId: string, userId: string): Promise<"read" | "write" | null> {
  const row = await db
    .selectFrom("members")
    .select("access")
    .where("object_id", "=", objectId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row?.access ?? null;
}

/** A user's access to those of the objects of which they are a member. */
export async function accessesOf(
  db: Db,
  objectIds: readonly string[],
  userId: string,
): Promise<ReadonlyMap<string, "read" | "write">> {
  const found = new Map<string, "read" | "write">();
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("members")
      .select(["object_id", "access"])
      .where("object_id", "in", ids)
      .where("user_id", "=", userId)
      .execute();
    for (const row of rows) found.set(row.object_id, row.access);
  }
  return found;
}

/** The objects of which a user is a member, deleted ones too. */
export async function membershipsOf(
  db: Db,
  userId: string,
): Promise<(ObjectTable & Pick<MemberTable, "access" | "pending">)[]> {
  return await db
    .selectFrom("members")
    .innerJoin("objects", "objects.id", "members.object_id")
    .selectAll("objects")
    .select(["members.access", "members.pending"])
    .where("members.user_id", "=", userId)
    .orderBy("objects.name")
    .execute();
}

/** The ids of some objects: from a first to a last one, both among them. */
export interface IdRange {
  readonly first: string;
  readonly last: string;
}

/**
 * The ids of the next objects of which a user is a member, deleted ones too.
 * @param after only those behind this one; `null`: from the start
 * @returns `null` where there are none
 */
export async function idsOfMember(
  db: Db,
  userId: string,
  after: string | null,
  limit: number,
): Promise<IdRange | null> {
  let query = db.selectFrom("members").select("object_id").where("user_id", "=", userId);
  if (after !== null) query = query.where("object_id", ">", after);
  const some = query.orderBy("object_id").limit(limit).as("some");
  const { first, last } = await db
    .selectFrom(some)
    .select((eb) => [eb.fn.min("object_id").as("first"), eb.fn.max("object_id").as("last")])
    .executeTakeFirstOrThrow();
  // Of nothing, there is no least.
  return first === null || last === null ? null : { first, last };
}

/** A user's memberships of living objects with ids from a first to a last one. */
export function membershipsIn(db: Db, userId: string, { first, last }: IdRange) {
  return (
    db
      .selectFrom("members")
      // SQLite keeps the order of this kind of join: it begins at the user's memberships, not at all objects between.
      .crossJoin("objects")
      .whereRef("objects.id", "=", "members.object_id")
      .where("members.user_id", "=", userId)
      .where("members.object_id", ">=", first)
      .where("members.object_id", "<=", last)
      .where("objects.live_name", "is not", null)
  );
}

/** Gives objects these members, and no others. */
export async function replaceMembers(
  db: Db,
  objectIds: readonly string[],
  rows: readonly MemberTable[],
): Promise<void> {
  for (const ids of slices(objectIds)) {
    await db.deleteFrom("members").where("object_id", "in", ids).execute();
  }
  for (const some of slices(rows)) await db.insertInto("members").values(some).execute();
}
