/** What of the living objects hangs on one user: read from the index of the newest manifests. */
import { type ExpressionBuilder, sql } from "kysely";
import type { Db } from "../database/open.ts";
import type { Flag, Tables } from "../database/schema.ts";
import { type IdRange, membershipsIn } from "./members.ts";

/** A living object of which a user is a member. */
export interface ObjectOfUser {
  readonly id: string;
  readonly name: string;
  readonly access: "read" | "write";
  readonly pending: Flag;
}

/** And whether anybody else who may sign in, and does not wait to be let in, reads it, and writes it. */
export interface SharedObject extends ObjectOfUser {
  readonly othersRead: Flag;
  readonly othersWrite: Flag;
}

/** Those of a user's objects that live, with ids from a first to a last one. */
export async function sharedObjects(db: Db, userId: string, ids: IdRange): Promise<SharedObject[]> {
  return await membershipsIn(db, userId, ids)
    .select(["objects.id", "objects.name", "members.access", "members.pending"])
    .select((eb) => {
      const flagOf = (others: ReturnType<typeof otherMembers>) =>
        eb.case().when(eb.exists(others)).then<Flag>(1).else<Flag>(0).end();
      const others = otherMembers(eb, userId);
      return [
        flagOf(others).as("othersRead"),
        flagOf(others.where("other.access", "=", "write")).as("othersWrite"),
      ];
    })
    .execute();
}

/** The other members who may sign in and do not wait to be let in. */
function otherMembers(eb: ExpressionBuilder<Tables, "members">, userId: string) {
  return eb
    .selectFrom("members as other")
    .innerJoin("users as holder", "holder.id", "other.user_id")
    .select("other.user_id")
    .whereRef("other.object_id", "=", "members.object_id")
    .where("other.user_id", "!=", userId)
    .where("other.pending", "=", 0)
    .where("holder.active", "=", 1);
}

/** Of how many living objects a user is a member, but not more than `most` are counted. */
export async function countObjectsOfUser(db: Db, userId: string, most: number): Promise<number> {
  const rows = db
    .selectFrom("members")
    // SQLite keeps the order of this kind of join: from the memberships of one user, and not from all objects.
    .crossJoin("objects")
    .select(sql<number>`1`.as("one"))
    .whereRef("objects.id", "=", "members.object_id")
    .where("members.user_id", "=", userId)
    .where("objects.live_name", "is not", null)
    .limit(most);
  const { count } = await db
    .selectFrom(rows.as("counted"))
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

export interface SecretOfUser {
  readonly objectId: string;
  readonly objectName: string;
  readonly property: string;
  readonly revision: number;
}

/**
 * Some of the present encrypted values of living objects that are encrypted to one of these keys, or were and could be
 * opened still; all, if they are fewer than the limit.
 */
export async function secretsWrappedTo(
  db: Db,
  fingerprints: readonly string[],
  limit: number,
): Promise<SecretOfUser[]> {
  if (fingerprints.length === 0) return [];
  // In no order, so that it ends where it has enough.
  return await db
    .selectFrom("wrapped_keys")
    .innerJoin("properties", "properties.value_id", "wrapped_keys.value_id")
    .innerJoin("objects", "objects.id", "properties.object_id")
    .select(secretColumns)
    .distinct()
    .where("wrapped_keys.fingerprint", "in", fingerprints)
    .where("properties.kind", "=", "encrypted")
    .where("objects.live_name", "is not", null)
    .limit(limit)
    .execute();
}

/**
 * The same that a user stored themselves, in those of their objects with ids from a first to a last one: with a
 * write-only key they know it too.
 */
export async function secretsStoredBy(
  db: Db,
  user: { readonly id: string; readonly name: string },
  ids: IdRange,
): Promise<SecretOfUser[]> {
  return await membershipsIn(db, user.id, ids)
    .innerJoin("properties", "properties.object_id", "objects.id")
    .innerJoin("revisions", (join) =>
      join
        .onRef("revisions.object_id", "=", "properties.object_id")
        .onRef("revisions.revision", "=", "properties.revision"),
    )
    .innerJoin("commits", "commits.digest", "revisions.commit_digest")
    .select(secretColumns)
    .where("properties.kind", "=", "encrypted")
    .where("commits.author", "=", user.name)
    .execute();
}

const secretColumns = [
  "objects.id as objectId",
  "objects.name as objectName",
  "properties.name as property",
  "properties.revision as revision",
] as const;
