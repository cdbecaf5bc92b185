import type { Nullable } from "kysely";
import type { Db } from "../database/open.ts";
import type { CommitTable, ObjectTable, RevisionTable } from "../database/schema.ts";
import { slices, slicesBySize, statementSize } from "../database/slices.ts";
import { type IdRange, membershipsIn } from "./members.ts";

export async function findCommit(db: Db, digest: string): Promise<CommitTable | undefined> {
  return await db.selectFrom("commits").selectAll().where("digest", "=", digest).executeTakeFirst();
}

export async function insertCommit(db: Db, row: CommitTable): Promise<void> {
  await db.insertInto("commits").values(row).execute();
}

/** When the last commit came, by the clock of the server that took it; `null`: there is none. */
export async function lastCommitTime(db: Db): Promise<string | null> {
  const { last } = await db
    .selectFrom("commits")
    .select((eb) => eb.fn.max<string | null>("received").as("last"))
    .executeTakeFirstOrThrow();
  return last;
}

export async function insertRevisions(db: Db, rows: readonly RevisionTable[]): Promise<void> {
  for (const some of slicesBySize(rows, ({ manifest, path }) => manifest.length + path.length, {
    size: statementSize,
  }))
    await db.insertInto("revisions").values(some).execute();
}

/** Objects, each with its newest revision. */
export function withNewest(db: Db) {
  return db
    .selectFrom("objects")
    .innerJoin("revisions", (join) =>
      join
        .onRef("revisions.object_id", "=", "objects.id")
        .onRef("revisions.revision", "=", "objects.revision"),
    );
}

/** An object with the newest of its revisions; `null` where that is missing. */
export type HeadedObject = ObjectTable & Nullable<Pick<RevisionTable, "manifest" | "digest">>;

/** Objects, whether an admin withholds them or not, with their newest revisions. */
export async function headedObjects(db: Db, objectIds: readonly string[]): Promise<HeadedObject[]> {
  const found: HeadedObject[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("objects")
      .leftJoin("revisions", (join) =>
        join
          .onRef("revisions.object_id", "=", "objects.id")
          .onRef("revisions.revision", "=", "objects.revision"),
      )
      .selectAll("objects")
      .select(["revisions.manifest", "revisions.digest"])
      .where("objects.id", "in", ids)
      .execute();
    found.push(...rows);
  }
  return found;
}

/** The newest manifests of those of a user's objects that live, with ids from a first to a last one. */
export async function livingManifests(db: Db, userId: string, ids: IdRange): Promise<string[]> {
  const rows = await membershipsIn(db, userId, ids)
    .innerJoin("revisions", (join) =>
      join
        .onRef("revisions.object_id", "=", "objects.id")
        .onRef("revisions.revision", "=", "objects.revision"),
    )
    .select("revisions.manifest")
    .execute();
  return rows.map((row) => row.manifest);
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

/** How much text the newest manifests of objects are, by object. */
export async function sizesOfNewest(
  db: Db,
  objectIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const ids of slices(objectIds)) {
    const rows = await withNewest(db)
      .select((eb) => ["objects.id", eb.fn<number>("length", ["manifest"]).as("size")])
      .where("objects.id", "in", ids)
      .execute();
    for (const { id, size } of rows) found.set(id, Number(size));
  }
  return found;
}

export type NewestRevision = SignedRevision & Pick<CommitTable, "author" | "author_key">;

/** The newest revisions of objects with their commits. */
export async function newestRevisions(db: Db, objectIds: readonly string[]): Promise<NewestRevision[]> {
  const found: NewestRevision[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await withNewest(db)
      .innerJoin("commits", "commits.digest", "revisions.commit_digest")
      .selectAll("revisions")
      .select(["commits.body", "commits.signature", "commits.author", "commits.author_key"])
      .where("objects.id", "in", ids)
      .execute();
    found.push(...rows);
  }
  return found;
}

/** What the commit of a revision says of it. */
export type CommitOfRevision = Pick<CommitTable, "author" | "author_key" | "received">;

/** The commits of the newest revisions of objects, by object, without what was signed. */
export async function newestCommits(
  db: Db,
  objectIds: readonly string[],
): Promise<ReadonlyMap<string, CommitOfRevision>> {
  const found = new Map<string, CommitOfRevision>();
  for (const ids of slices(objectIds)) {
    const rows = await withNewest(db)
      .innerJoin("commits", "commits.digest", "revisions.commit_digest")
      .select(["objects.id", "commits.author", "commits.author_key", "commits.received"])
      .where("objects.id", "in", ids)
      .execute();
    for (const { id, ...commit } of rows) found.set(id, commit);
  }
  return found;
}

/** Revisions of an object below one, the newest first. */
export async function revisionsBelow(
  db: Db,
  objectId: string,
  below: number,
  limit: number,
): Promise<(Pick<RevisionTable, "revision" | "manifest"> & CommitOfRevision)[]> {
  return await db
    .selectFrom("revisions")
    .innerJoin("commits", "commits.digest", "revisions.commit_digest")
    .select([
      "revisions.revision",
      "revisions.manifest",
      "commits.author",
      "commits.author_key",
      "commits.received",
    ])
    .where("revisions.object_id", "=", objectId)
    .where("revisions.revision", "<", below)
    .orderBy("revisions.revision", "desc")
    .limit(limit)
    .execute();
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

/** The digests of commits, in their order: those behind one, or the first. */
export async function commitDigests(db: Db, after: string | null, limit: number): Promise<string[]> {
  let query = db.selectFrom("commits").select("digest");
  if (after !== null) query = query.where("digest", ">", after);
  return (await query.orderBy("digest").limit(limit).execute()).map(({ digest }) => digest);
}

/** Those of some commits to which a revision belongs. */
export async function commitsWithRevisions(db: Db, digests: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const some of slices(digests)) {
    const rows = await db
      .selectFrom("revisions")
      .select("commit_digest")
      .distinct()
      .where("commit_digest", "in", some)
      .execute();
    for (const row of rows) found.add(row.commit_digest);
  }
  return found;
}
