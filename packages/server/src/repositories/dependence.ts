/** What of the living objects hangs on one user: read from the index of the newest manifests. */
import { type SelectQueryBuilder, sql } from "kysely";
import type { Db } from "../database/open.ts";
import type { Flag, Tables } from "../database/schema.ts";

export interface ObjectOfUser {
  readonly id: string;
  readonly name: string;
  readonly access: "read" | "write";
  readonly pending: Flag;
}

/**
 * `any`: whatever it is; `waiting`: the user waits to be let in; `sole-member`: nobody else who may sign in is a member;
 * `sole-writer`: others are, and none of them writes.
 */
export type Dependence = "any" | "waiting" | "sole-member" | "sole-writer";

/** Living objects of which a user is a member, by name, whose dependence is this one. */
export async function objectsOfUser(
  db: Db,
  userId: string,
  dependence: Dependence,
  limit: number,
): Promise<ObjectOfUser[]> {
  return await dependent(db, userId, dependence)
    .select(["objects.id", "objects.name", "members.access", "members.pending"])
    .orderBy("objects.name")
    .limit(limit)
    .execute();
}

/** How many there are, but not more than `most` are counted. */
export async function countObjectsOfUser(
  db: Db,
  userId: string,
  dependence: Dependence,
  most: number,
): Promise<number> {
  const rows = dependent(db, userId, dependence).select(sql<number>`1`.as("one")).limit(most);
  const { count } = await db
    .selectFrom(rows.as("counted"))
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

type Memberships = SelectQueryBuilder<Pick<Tables, "members" | "objects">, "members" | "objects", object>;

function dependent(db: Db, userId: string, dependence: Dependence): Memberships {
  const all: Memberships = db
    .selectFrom("members")
    .innerJoin("objects", "objects.id", "members.object_id")
    .where("members.user_id", "=", userId)
    .where("objects.live_name", "is not", null);
  if (dependence === "any") return all;
  if (dependence === "waiting") return all.where("members.pending", "=", 1);
  const others = otherMembers(db, userId);
  if (dependence === "sole-member") return all.where(({ not, exists }) => not(exists(others)));
  return all
    .where("members.access", "=", "write")
    .where(({ exists }) => exists(others))
    .where(({ not, exists }) => not(exists(others.where("other.access", "=", "write"))));
}

/** The other members who may sign in and do not wait to be let in. */
function otherMembers(db: Db, userId: string) {
  return db
    .selectFrom("members as other")
    .innerJoin("users as holder", "holder.id", "other.user_id")
    .select("other.user_id")
    .where(sql<boolean>`${sql.ref("other.object_id")} = ${sql.ref("members.object_id")}`)
    .where("other.user_id", "!=", userId)
    .where("other.pending", "=", 0)
    .where("holder.active", "=", 1);
}

export interface SecretOfUser {
  readonly objectId: string;
  readonly objectName: string;
  readonly property: string;
  readonly revision: number;
}

/**
 * The present encrypted values of living objects that are encrypted to one of these keys, or were and could be opened
 * still, by object and property.
 */
export async function secretsWrappedTo(
  db: Db,
  fingerprints: readonly string[],
  limit: number,
): Promise<SecretOfUser[]> {
  if (fingerprints.length === 0) return [];
  return await db
    .selectFrom("wrapped_keys")
    .innerJoin("properties", "properties.value_id", "wrapped_keys.value_id")
    .innerJoin("objects", "objects.id", "properties.object_id")
    .select(secretColumns)
    .distinct()
    .where("wrapped_keys.fingerprint", "in", fingerprints)
    .where("properties.kind", "=", "encrypted")
    .where("objects.live_name", "is not", null)
    .orderBy("objects.name")
    .orderBy("properties.name")
    .limit(limit)
    .execute();
}

/** The same that a user stored themselves, in objects of which they are a member: with a write-only key they know it too. */
export async function secretsStoredBy(
  db: Db,
  user: { readonly id: string; readonly name: string },
  limit: number,
): Promise<SecretOfUser[]> {
  return await db
    .selectFrom("members")
    .innerJoin("objects", "objects.id", "members.object_id")
    .innerJoin("properties", "properties.object_id", "objects.id")
    .innerJoin("revisions", (join) =>
      join
        .onRef("revisions.object_id", "=", "properties.object_id")
        .onRef("revisions.revision", "=", "properties.revision"),
    )
    .innerJoin("commits", "commits.digest", "revisions.commit_digest")
    .select(secretColumns)
    .where("members.user_id", "=", user.id)
    .where("properties.kind", "=", "encrypted")
    .where("objects.live_name", "is not", null)
    .where("commits.author", "=", user.name)
    .orderBy("objects.name")
    .orderBy("properties.name")
    .limit(limit)
    .execute();
}

const secretColumns = [
  "objects.id as objectId",
  "objects.name as objectName",
  "properties.name as property",
  "properties.revision as revision",
] as const;
