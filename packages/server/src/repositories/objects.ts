import type { ExpressionBuilder, Nullable, SelectQueryBuilder } from "kysely";
import { contains } from "../database/contains.ts";
import type { Db } from "../database/open.ts";
import type { MemberTable, ObjectTable, Tables } from "../database/schema.ts";
import { slices } from "../database/slices.ts";
import { withNewest } from "./revisions.ts";

/**
 * Objects as they are served: what an admin withholds is in none of the answers of this module. Who must know of that
 * too asks any-objects.ts.
 */
function isServed(eb: ExpressionBuilder<Tables, "objects">) {
  // Said so, SQLite does not look for the rest of a query among all that are not withheld, by their index, when it has never
  // counted what there is of each.
  return eb.not(eb("objects.withheld", "is not", null));
}

function servedObjects(db: Db) {
  return db.selectFrom("objects").where(isServed);
}

export async function findObject(db: Db, id: string): Promise<ObjectTable | undefined> {
  return await servedObjects(db).selectAll().where("id", "=", id).executeTakeFirst();
}

export async function findObjects(db: Db, ids: readonly string[]): Promise<ObjectTable[]> {
  const found: ObjectTable[] = [];
  for (const some of slices(ids)) {
    found.push(...(await servedObjects(db).selectAll().where("id", "in", some).execute()));
  }
  return found;
}

/** The object, deleted or not, if a user is a member of it. */
export async function findObjectOfMember(
  db: Db,
  id: string,
  userId: string,
): Promise<ObjectTable | undefined> {
  return await servedObjects(db)
    .innerJoin("members", "members.object_id", "objects.id")
    .selectAll("objects")
    .where("objects.id", "=", id)
    .where("members.user_id", "=", userId)
    .executeTakeFirst();
}

/** An object, with a user's access to it. */
export type AccessedObject = ObjectTable & Nullable<Pick<MemberTable, "access">>;

/** The object that lives under exactly this name. */
export async function findLiveObject(
  db: Db,
  name: string,
  userId: string,
): Promise<AccessedObject | undefined> {
  return await withAccess(db, userId).where("live_name", "=", name).executeTakeFirst();
}

function withAccess(db: Db, userId: string) {
  return servedObjects(db)
    .leftJoin("members", (join) =>
      join.onRef("members.object_id", "=", "objects.id").on("members.user_id", "=", userId),
    )
    .selectAll("objects")
    .select("members.access");
}

/** The objects that live under exactly these names. */
export async function findLiveObjects(db: Db, names: readonly string[]): Promise<ObjectTable[]> {
  const found: ObjectTable[] = [];
  for (const some of slices(names)) {
    found.push(...(await servedObjects(db).selectAll().where("live_name", "in", some).execute()));
  }
  return found;
}

/**
 * The deleted object that bore this name, the one deleted last where there are several.
 * @param isOfUser only one of which the user is a member
 */
export async function findDeletedObject(
  db: Db,
  name: string,
  userId: string,
  isOfUser: boolean,
): Promise<AccessedObject | undefined> {
  let query = withNewest(db)
    .innerJoin("commits", "commits.digest", "revisions.commit_digest")
    .leftJoin("members", (join) =>
      join.onRef("members.object_id", "=", "objects.id").on("members.user_id", "=", userId),
    )
    .selectAll("objects")
    .select("members.access")
    .where(isServed)
    .where("objects.name", "=", name)
    .where("objects.live_name", "is", null);
  if (isOfUser) query = query.where("members.access", "is not", null);
  return await query.orderBy("commits.received", "desc").orderBy("objects.id").executeTakeFirst();
}

export async function insertObject(db: Db, row: ObjectTable): Promise<void> {
  await db.insertInto("objects").values(row).execute();
}

export async function updateObject(db: Db, row: Omit<ObjectTable, "withheld">): Promise<void> {
  await db.updateTable("objects").set(row).where("id", "=", row.id).execute();
}

/** Takes objects to their next revision, where neither name nor deletion changes. */
export async function advanceObjects(db: Db, objectIds: readonly string[]): Promise<void> {
  for (const ids of slices(objectIds)) {
    await db
      .updateTable("objects")
      .set((eb) => ({ revision: eb("revision", "+", 1) }))
      .where("id", "in", ids)
      .execute();
  }
}

export interface Search {
  /** Part of the name, whatever its case; empty: any. */
  text: string;
  /** Only objects of which this user is a member; `null`: all. */
  memberId: string | null;
  /** Only names behind this one. */
  after: string | null;
  limit: number;
}

/** Living objects by name. */
export async function searchObjects(
  db: Db,
  search: Search,
): Promise<{ id: string; live_name: string | null }[]> {
  const { text, memberId, after, limit } = search;
  const ofFew = memberId !== null && (text !== "" || !(await isMemberOfMany(db, memberId)));
  let query = (ofFew ? objectsOfMember(db, memberId) : db.selectFrom("objects"))
    .where(isServed)
    .select(["objects.id", "objects.live_name"])
    .where("live_name", "is not", null);
  if (memberId !== null && !ofFew) {
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom("members")
          .select("members.access")
          .whereRef("members.object_id", "=", "objects.id")
          .where("members.user_id", "=", memberId),
      ),
    );
  }
  if (text !== "") query = query.where(contains("objects.live_name", text));
  if (after !== null) query = query.where("live_name", ">", after);
  return await query.orderBy("live_name").limit(limit).execute();
}

/** As a query of objects alone, so that it stands in for one. */
function objectsOfMember(db: Db, userId: string) {
  return (
    db
      .selectFrom("members")
      // SQLite keeps the order of this kind of join: it begins at the user's memberships, not at all objects.
      .crossJoin("objects")
      .whereRef("objects.id", "=", "members.object_id")
      .where("members.user_id", "=", userId) as unknown as SelectQueryBuilder<Tables, "objects", object>
  );
}

/**
 * Whether a page of a user's objects is sooner found in the order of all names (SQLite looks into as many objects as
 * stand among a page's) than from the user's memberships, which are all looked up and sorted for each page.
 */
export async function isMemberOfMany(db: Db, userId: string): Promise<boolean> {
  const counted = await db
    .selectFrom("members")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  const own = Number(counted.count);
  if (own < 1000) return false;
  if (own > 20_000) return true;
  // To count a million takes longer than any page: no more are counted than the answer depends on.
  const most = Math.ceil((own * own) / 400);
  const last = await db
    .selectFrom("objects")
    .select("id")
    .limit(1)
    .offset(most - 1)
    .executeTakeFirst();
  return last === undefined;
}
