import type { ExpressionBuilder } from "kysely";
import { contains } from "../database/contains.ts";
import type { Db } from "../database/open.ts";
import type { ObjectTable, Tables } from "../database/schema.ts";
import { slices } from "../database/slices.ts";
import { withNewest } from "./revisions.ts";

/**
 * Objects as they are served: what an admin withholds is in none of the answers of this module. Who must know of that
 * too asks any-objects.ts.
 */
function isServed(eb: ExpressionBuilder<Tables, "objects">) {
  return eb("objects.withheld", "is", null);
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

/** The object that lives under exactly this name. */
export async function findLiveObject(db: Db, name: string): Promise<ObjectTable | undefined> {
  return await servedObjects(db).selectAll().where("live_name", "=", name).executeTakeFirst();
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
 * @param memberId only one of which this user is a member; `null`: whosever
 */
export async function findDeletedObject(
  db: Db,
  name: string,
  memberId: string | null,
): Promise<ObjectTable | undefined> {
  let query = withNewest(db)
    .innerJoin("commits", "commits.digest", "revisions.commit_digest")
    .selectAll("objects")
    .where(isServed)
    .where("objects.name", "=", name)
    .where("objects.live_name", "is", null);
  if (memberId !== null) {
    query = query
      .innerJoin("members", "members.object_id", "objects.id")
      .where("members.user_id", "=", memberId);
  }
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
  let query = servedObjects(db)
    .select(["objects.id", "objects.live_name"])
    .where("live_name", "is not", null);
  if (memberId !== null && text === "" && (await isMemberOfMany(db, memberId))) {
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom("members")
          .select("members.access")
          .whereRef("members.object_id", "=", "objects.id")
          .where("members.user_id", "=", memberId),
      ),
    );
  } else if (memberId !== null) {
    query = query
      .innerJoin("members", "members.object_id", "objects.id")
      .where("members.user_id", "=", memberId);
  }
  if (text !== "") query = query.where(contains("objects.live_name", text));
  if (after !== null) query = query.where("live_name", ">", after);
  return await query.orderBy("live_name").limit(limit).execute();
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
  const all = await db
    .selectFrom("objects")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return own * own > 400 * Number(all.count);
}
