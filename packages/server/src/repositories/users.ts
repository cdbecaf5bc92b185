import type { Updateable } from "kysely";
import { contains } from "../database/contains.ts";
import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

export async function insertUser(db: Db, row: UserTable): Promise<void> {
  await db.insertInto("users").values(row).execute();
}

/** A user of whatever state, removed ones too. */
export async function findUser(db: Db, name: string): Promise<UserTable | undefined> {
  return await db.selectFrom("users").selectAll().where("name", "=", name).executeTakeFirst();
}

export async function findUsers(db: Db, names: readonly string[]): Promise<UserTable[]> {
  const found: UserTable[] = [];
  for (const some of slices(names)) {
    const rows = await db.selectFrom("users").selectAll().where("name", "in", some).execute();
    found.push(...rows);
  }
  return found;
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

export async function updateUser(db: Db, id: string, change: Updateable<UserTable>): Promise<void> {
  await db.updateTable("users").set(change).where("id", "=", id).execute();
}
