import { contains } from "../database/contains.ts";
import type { Db } from "../database/open.ts";
import type { PropertyTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

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
