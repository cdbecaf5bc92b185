import type { Updateable } from "kysely";
import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";

export async function insertUser(db: Db, row: UserTable): Promise<void> {
  await db.insertInto("users").values(row).execute();
}

/** A user of whatever state, removed ones too. */
export async function findUser(db: Db, name: string): Promise<UserTable | undefined> {
  return await db.selectFrom("users").selectAll().where("name", "=", name).executeTakeFirst();
}

export async function findUsers(db: Db, names: readonly string[]): Promise<UserTable[]> {
  const found: UserTable[] = [];
  // In slices: engines limit the parameters of one statement.
  for (let at = 0; at < names.length; at += 1000) {
    const rows = await db
      .selectFrom("users")
      .selectAll()
      .where("name", "in", names.slice(at, at + 1000))
      .execute();
    found.push(...rows);
  }
  return found;
}

export async function listUsers(db: Db): Promise<UserTable[]> {
  return await db.selectFrom("users").selectAll().orderBy("name").execute();
}

export async function updateUser(db: Db, id: string, change: Updateable<UserTable>): Promise<void> {
  await db.updateTable("users").set(change).where("id", "=", id).execute();
}
