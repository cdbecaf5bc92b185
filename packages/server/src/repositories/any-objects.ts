import type { Db } from "../database/open.ts";
import type { ObjectTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

// Objects whether an admin withholds them or not: for commits, which must not take their names, for the consistency check
// and for the admin's own pages. What is served to clients comes from objects.ts.

export async function findAnyObject(db: Db, id: string): Promise<ObjectTable | undefined> {
  return await db.selectFrom("objects").selectAll().where("id", "=", id).executeTakeFirst();
}

export async function findAnyObjects(db: Db, ids: readonly string[]): Promise<ObjectTable[]> {
  const found: ObjectTable[] = [];
  for (const some of slices(ids)) {
    found.push(...(await db.selectFrom("objects").selectAll().where("id", "in", some).execute()));
  }
  return found;
}

/** The objects that live under exactly these names. */
export async function findAnyLiveObjects(db: Db, names: readonly string[]): Promise<ObjectTable[]> {
  const found: ObjectTable[] = [];
  for (const some of slices(names)) {
    found.push(...(await db.selectFrom("objects").selectAll().where("live_name", "in", some).execute()));
  }
  return found;
}

/** The ids of objects, deleted ones too, by id: those behind one, or the first. */
export async function anyObjectIds(db: Db, after: string | null, limit: number): Promise<string[]> {
  let query = db.selectFrom("objects").select("id");
  if (after !== null) query = query.where("id", ">", after);
  return (await query.orderBy("id").limit(limit).execute()).map(({ id }) => id);
}

/**
 * Withholds an object from everybody, or (with `null`) serves it again.
 * @returns whether that changes anything: `false` where it is so already
 */
export async function setWithheld(db: Db, id: string, since: string | null): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("objects")
    .set({ withheld: since })
    .where("id", "=", id)
    .where("withheld", since === null ? "is not" : "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
