import { contains } from "../database/contains.ts";
import type { Db } from "../database/open.ts";
import type {
  CommitTable,
  MemberTable,
  ObjectTable,
  PropertyTable,
  RevisionTable,
} from "../database/schema.ts";
import { slices } from "../database/slices.ts";

export async function findObject(db: Db, id: string): Promise<ObjectTable | undefined> {
  return await db.selectFrom("objects").selectAll().where("id", "=", id).executeTakeFirst();
}

export async function findObjects(db: Db, ids: readonly string[]): Promise<ObjectTable[]> {
  const found: ObjectTable[] = [];
  for (const some of slices(ids)) {
    found.push(...(await db.selectFrom("objects").selectAll().where("id", "in", some).execute()));
  }
  return found;
}

/** The object that lives under exactly this name. */
export async function findLiveObject(db: Db, name: string): Promise<ObjectTable | undefined> {
  return await db.selectFrom("objects").selectAll().where("live_name", "=", name).executeTakeFirst();
}

/** The objects that live under exactly these names. */
export async function findLiveObjects(db: Db, names: readonly string[]): Promise<ObjectTable[]> {
  const found: ObjectTable[] = [];
  for (const some of slices(names)) {
    found.push(...(await db.selectFrom("objects").selectAll().where("live_name", "in", some).execute()));
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
  let query = db
    .selectFrom("objects")
    .innerJoin("revisions", (join) =>
      join
        .onRef("revisions.object_id", "=", "objects.id")
        .onRef("revisions.revision", "=", "objects.revision"),
    )
    .innerJoin("commits", "commits.digest", "revisions.commit_digest")
    .selectAll("objects")
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

export async function updateObject(db: Db, row: ObjectTable): Promise<void> {
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
  let query = db
    .selectFrom("objects")
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
async function isMemberOfMany(db: Db, userId: string): Promise<boolean> {
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

/** Every object, deleted ones too. */
export async function listObjects(db: Db): Promise<ObjectTable[]> {
  return await db.selectFrom("objects").selectAll().orderBy("name").orderBy("id").execute();
}

export interface NamedMember {
  object_id: string;
  user_name: string;
  access: "read" | "write";
}

export async function membersOf(db: Db, objectIds: readonly string[]): Promise<NamedMember[]> {
  const found: NamedMember[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("members")
      .innerJoin("users", "users.id", "members.user_id")
      .select(["members.object_id", "members.access", "users.name as user_name"])
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
): Promise<(ObjectTable & { access: "read" | "write" })[]> {
  return await db
    .selectFrom("members")
    .innerJoin("objects", "objects.id", "members.object_id")
    .selectAll("objects")
    .select("members.access")
    .where("members.user_id", "=", userId)
    .orderBy("objects.name")
    .execute();
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

export async function propertiesOf(db: Db, objectId: string): Promise<PropertyTable[]> {
  return await db
    .selectFrom("properties")
    .selectAll()
    .where("object_id", "=", objectId)
    .orderBy("name")
    .execute();
}

/** The properties of several objects, an object's by name. */
export async function propertiesOfAll(db: Db, objectIds: readonly string[]): Promise<PropertyTable[]> {
  const found: PropertyTable[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("properties")
      .selectAll()
      .where("object_id", "in", ids)
      .orderBy("name")
      .execute();
    found.push(...rows);
  }
  return found;
}

export type FoundProperty = Pick<PropertyTable, "object_id" | "name" | "size" | "value_id">;

/** Which properties are sought. */
export interface PropertySearch {
  /** Part of the name, whatever its case; empty: any. */
  name: string;
  /** Only public ones, not empty, of at most so many bytes; `null`: any. */
  publicUpTo: number | null;
}

/** The properties of several objects that are sought, an object's by name. */
export async function searchProperties(
  db: Db,
  objectIds: readonly string[],
  { name, publicUpTo }: PropertySearch,
): Promise<FoundProperty[]> {
  const found: FoundProperty[] = [];
  for (const ids of slices(objectIds)) {
    let query = db
      .selectFrom("properties")
      .select(["object_id", "name", "size", "value_id"])
      .where("object_id", "in", ids);
    if (name !== "") query = query.where(contains("name", name));
    if (publicUpTo !== null) {
      query = query.where("kind", "=", "public").where("size", ">", 0).where("size", "<=", publicUpTo);
    }
    found.push(...(await query.orderBy("name").execute()));
  }
  return found;
}

/** Gives objects these properties, and no others. */
export async function replaceProperties(
  db: Db,
  objectIds: readonly string[],
  rows: readonly PropertyTable[],
): Promise<void> {
  for (const ids of slices(objectIds)) {
    await db.deleteFrom("properties").where("object_id", "in", ids).execute();
  }
  for (const some of slices(rows)) await db.insertInto("properties").values(some).execute();
}

export async function findCommit(db: Db, digest: string): Promise<CommitTable | undefined> {
  return await db.selectFrom("commits").selectAll().where("digest", "=", digest).executeTakeFirst();
}

export async function insertCommit(db: Db, row: CommitTable): Promise<void> {
  await db.insertInto("commits").values(row).execute();
}

export async function insertRevisions(db: Db, rows: readonly RevisionTable[]): Promise<void> {
  for (const some of slices(rows)) await db.insertInto("revisions").values(some).execute();
}

/** The newest revisions of objects, without their commits. */
export async function headsOf(db: Db, objectIds: readonly string[]): Promise<RevisionTable[]> {
  const found: RevisionTable[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("objects")
      .innerJoin("revisions", (join) =>
        join
          .onRef("revisions.object_id", "=", "objects.id")
          .onRef("revisions.revision", "=", "objects.revision"),
      )
      .selectAll("revisions")
      .where("objects.id", "in", ids)
      .execute();
    found.push(...rows);
  }
  return found;
}

export async function revisionsOfCommit(db: Db, commitDigest: string): Promise<RevisionTable[]> {
  return await db
    .selectFrom("revisions")
    .selectAll()
    .where("commit_digest", "=", commitDigest)
    .orderBy("position")
    .execute();
}

export type SignedRevision = RevisionTable & Pick<CommitTable, "body" | "signature">;

/** Revisions of an object with their commits, in order. */
export async function signedRevisions(
  db: Db,
  objectId: string,
  from: number,
  to: number,
): Promise<SignedRevision[]> {
  return await db
    .selectFrom("revisions")
    .innerJoin("commits", "commits.digest", "revisions.commit_digest")
    .selectAll("revisions")
    .select(["commits.body", "commits.signature"])
    .where("object_id", "=", objectId)
    .where("revision", ">=", from)
    .where("revision", "<=", to)
    .orderBy("revision")
    .execute();
}

/** How much text the newest manifests of objects are together. */
export async function sizeOfNewest(db: Db, objectIds: readonly string[]): Promise<number> {
  let total = 0;
  for (const ids of slices(objectIds)) {
    const row = await db
      .selectFrom("objects")
      .innerJoin("revisions", (join) =>
        join
          .onRef("revisions.object_id", "=", "objects.id")
          .onRef("revisions.revision", "=", "objects.revision"),
      )
      .select((eb) => eb.fn.sum<number>(eb.fn("length", ["manifest"])).as("size"))
      .where("objects.id", "in", ids)
      .executeTakeFirst();
    total += Number(row?.size ?? 0);
  }
  return total;
}

export type NewestRevision = SignedRevision & Pick<CommitTable, "author" | "author_key">;

/** The newest revisions of objects with their commits. */
export async function newestRevisions(db: Db, objectIds: readonly string[]): Promise<NewestRevision[]> {
  const found: NewestRevision[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("objects")
      .innerJoin("revisions", (join) =>
        join
          .onRef("revisions.object_id", "=", "objects.id")
          .onRef("revisions.revision", "=", "objects.revision"),
      )
      .innerJoin("commits", "commits.digest", "revisions.commit_digest")
      .selectAll("revisions")
      .select(["commits.body", "commits.signature", "commits.author", "commits.author_key"])
      .where("objects.id", "in", ids)
      .execute();
    found.push(...rows);
  }
  return found;
}

export async function findRevision(
  db: Db,
  objectId: string,
  revision: number,
): Promise<RevisionTable | undefined> {
  return await db
    .selectFrom("revisions")
    .selectAll()
    .where("object_id", "=", objectId)
    .where("revision", "=", revision)
    .executeTakeFirst();
}

/** Commits that no revision belongs to. */
export async function emptyCommits(db: Db): Promise<{ digest: string }[]> {
  return await db
    .selectFrom("commits")
    .leftJoin("revisions", "revisions.commit_digest", "commits.digest")
    .select("commits.digest")
    .where("revisions.object_id", "is", null)
    .execute();
}
