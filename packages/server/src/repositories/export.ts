import type { Db } from "../database/open.ts";
import type { PropertyTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

/** Living objects by name, behind a name; those that an admin withholds too. */
export async function livingObjects(
  db: Db,
  after: string | null,
  limit: number,
): Promise<{ id: string; name: string; withheld: string | null }[]> {
  let query = db.selectFrom("objects").select(["id", "name", "withheld"]).where("live_name", "is not", null);
  if (after !== null) query = query.where("live_name", ">", after);
  return await query.orderBy("live_name").limit(limit).execute();
}

/** Users who were not removed, and those who are members of a living object still, by name. */
export async function presentUsers(db: Db): Promise<string[]> {
  const members = db
    .selectFrom("members")
    .innerJoin("objects", "objects.id", "members.object_id")
    .select("members.user_id")
    .where("objects.live_name", "is not", null);
  const rows = await db
    .selectFrom("users")
    .select("name")
    .where((eb) => eb.or([eb("removed", "is", null), eb("id", "in", members)]))
    .orderBy("name")
    .execute();
  return rows.map((row) => row.name);
}

/** The names of the properties that so many living objects have, or more, of any of the kinds, in order. */
export async function commonProperties(
  db: Db,
  kinds: readonly PropertyTable["kind"][],
  least: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom("properties")
    .innerJoin("objects", "objects.id", "properties.object_id")
    .select("properties.name")
    .where("objects.live_name", "is not", null)
    .where("properties.kind", "in", kinds)
    .groupBy("properties.name")
    .having((eb) => eb.fn.countAll<number>(), ">=", least)
    .orderBy("properties.name")
    .execute();
  return rows.map((row) => row.name);
}

export interface PropertyWithBytes {
  object_id: string;
  name: string;
  kind: PropertyTable["kind"];
  size: number;
  /** Of a public value of at most so many bytes as were asked for; an empty value has none. */
  bytes: Uint8Array | null;
}

/** What objects have of these properties, with the values that are public and small. */
export async function propertiesWithBytes(
  db: Db,
  objectIds: readonly string[],
  names: readonly string[],
  longest: number,
): Promise<PropertyWithBytes[]> {
  const found: PropertyWithBytes[] = [];
  for (const some of slices(names)) {
    const rows = await db
      .selectFrom("properties")
      .leftJoin("value_pieces", (join) =>
        join
          .onRef("value_pieces.value_id", "=", "properties.value_id")
          .on("value_pieces.seq", "=", 0)
          .on("properties.kind", "=", "public")
          .on("properties.size", "<=", longest),
      )
      .select([
        "properties.object_id",
        "properties.name",
        "properties.kind",
        "properties.size",
        "value_pieces.bytes",
      ])
      .where("properties.object_id", "in", objectIds)
      .where("properties.name", "in", some)
      .execute();
    found.push(...rows);
  }
  return found;
}
