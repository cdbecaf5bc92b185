import type { ExpressionBuilder, Updateable } from "kysely";
import { contains } from "../database/contains.ts";
import type { Db } from "../database/open.ts";
import type { Tables, UserTable } from "../database/schema.ts";

export async function insertUser(db: Db, row: UserTable): Promise<void> {
  await db.insertInto("users").values(row).execute();
}

/** A user of whatever state, removed ones too. */
export async function findUser(db: Db, name: string): Promise<UserTable | undefined> {
  return await db.selectFrom("users").selectAll().where("name", "=", name).executeTakeFirst();
}

export async function listUsers(db: Db): Promise<UserTable[]> {
  return await db.selectFrom("users").selectAll().orderBy("name").execute();
}

/** The names of active users that contain a text, whatever its case, by name. */
export async function activeNames(db: Db, text: string, limit: number): Promise<string[]> {
  let query = db.selectFrom("users").select("name").where("active", "=", 1).where("removed", "is", null);
  if (text !== "") query = query.where(contains("name", text));
  const rows = await query.orderBy("name").limit(limit).execute();
  return rows.map((row) => row.name);
}

/** A user of whatever state, by id. */
export async function findUserById(db: Db, id: string): Promise<UserTable | undefined> {
  return await db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
}

export interface UserSearch {
  /** Part of the name, the full name or the e-mail address, whatever its case; empty: any. */
  readonly text: string;
  readonly state: "active" | "disabled" | "removed" | "present" | "any";
  readonly staff: boolean;
  /** Only those who have no current key. */
  readonly withoutKey: boolean;
  /** Only names behind this one. */
  readonly after: string | null;
  readonly limit: number;
}

/** Users by name. `present` are those who were not removed. */
export async function searchUsers(db: Db, search: UserSearch): Promise<UserTable[]> {
  const { text, state, staff, withoutKey, after, limit } = search;
  let query = db.selectFrom("users").selectAll("users");
  if (text !== "") {
    query = query.where((eb) =>
      eb.or([contains("users.name", text), contains("users.full_name", text), contains("users.email", text)]),
    );
  }
  if (state === "removed") query = query.where("removed", "is not", null);
  else if (state !== "any") query = query.where("removed", "is", null);
  if (state === "active") query = query.where("active", "=", 1);
  if (state === "disabled") query = query.where("active", "=", 0);
  if (staff) query = query.where("staff", "=", 1);
  if (withoutKey) {
    query = query.where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("public_keys")
            .select("public_keys.fingerprint")
            .whereRef("public_keys.user_id", "=", "users.id")
            .where("public_keys.removed", "is", null),
        ),
      ),
    );
  }
  if (after !== null) query = query.where("users.name", ">", after);
  return await query.orderBy("users.name").limit(limit).execute();
}

/**
 * Makes transactions that take rights from superusers come one after the other, so that two do not leave nobody: each
 * writes what all of them write.
 */
export async function lockSuperusers(db: Db): Promise<void> {
  await db.updateTable("users").set(nextVersion).where("superuser", "=", 1).execute();
}

/** How many active users may change things in the web admin. */
export async function countActiveAdmins(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom("users")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("active", "=", 1)
    .where("staff", "=", 1)
    .where("superuser", "=", 1)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Changes a user, and keeps apart from others who do, as {@link touchUser}. */
export async function updateUser(db: Db, id: string, change: Updateable<UserTable>): Promise<void> {
  await db
    .updateTable("users")
    .set((eb) => ({ ...change, ...nextVersion(eb) }))
    .where("id", "=", id)
    .execute();
}

/**
 * Makes transactions that concern one user come one after the other: none signs in with what another takes away. A lock
 * would be known to one node of a cluster alone; of two that write the same row, one is refused, and tried again.
 */
export async function touchUser(db: Db, id: string): Promise<void> {
  await db.updateTable("users").set(nextVersion).where("id", "=", id).execute();
}

function nextVersion(eb: ExpressionBuilder<Tables, "users">) {
  return { version: eb("version", "+", 1) };
}
