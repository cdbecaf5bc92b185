import type { NotNull } from "kysely";
import type { Db } from "../database/open.ts";
import type { StoredValueTable, ValuePieceTable } from "../database/schema.ts";
import { slices, slicesBySize, statementSize } from "../database/slices.ts";

export async function insertValue(db: Db, row: StoredValueTable): Promise<void> {
  await db.insertInto("stored_values").values(row).execute();
}

export async function insertValues(db: Db, rows: readonly StoredValueTable[]): Promise<void> {
  for (const some of slices(rows)) await db.insertInto("stored_values").values(some).execute();
}

export async function updateValue(
  db: Db,
  id: string,
  change: Partial<Omit<StoredValueTable, "id">>,
): Promise<void> {
  await db.updateTable("stored_values").set(change).where("id", "=", id).execute();
}

/** Pieces of small values: many go into one statement. */
export async function insertPieces(db: Db, rows: readonly ValuePieceTable[]): Promise<void> {
  for (const some of slicesBySize(rows, ({ bytes }) => bytes.length, { size: statementSize }))
    await db.insertInto("value_pieces").values(some).execute();
}

export async function insertPiece(db: Db, valueId: string, seq: number, bytes: Uint8Array): Promise<void> {
  await db.insertInto("value_pieces").values({ value_id: valueId, seq, bytes }).execute();
}

export async function findPiece(db: Db, valueId: string, seq: number): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom("value_pieces")
    .select("bytes")
    .where("value_id", "=", valueId)
    .where("seq", "=", seq)
    .executeTakeFirst();
  return row?.bytes;
}

/** The first pieces of values, by value; an empty value has none. */
export async function firstPieces(
  db: Db,
  valueIds: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const ids of slices(valueIds)) {
    const rows = await db
      .selectFrom("value_pieces")
      .select(["value_id", "bytes"])
      .where("value_id", "in", ids)
      .where("seq", "=", 0)
      .execute();
    for (const row of rows) found.set(row.value_id, row.bytes);
  }
  return found;
}

/** The value that a property was given by one revision of its object. */
export async function findValue(
  db: Db,
  place: { objectId: string; property: string; revision: number },
): Promise<StoredValueTable | undefined> {
  return await db
    .selectFrom("stored_values")
    .selectAll()
    .where("object_id", "=", place.objectId)
    .where("property", "=", place.property)
    .where("revision", "=", place.revision)
    .executeTakeFirst();
}

export type SealedValue = StoredValueTable & {
  /** Of the revision that sealed it. */
  manifest: string;
  /** The id of the value that the property has now. */
  present: string | null;
};

/** The same, with what sealed it and what has taken its place. */
export async function findSealedValue(
  db: Db,
  place: { objectId: string; property: string; revision: number },
): Promise<SealedValue | undefined> {
  return await db
    .selectFrom("stored_values")
    .innerJoin("revisions", (join) =>
      join
        .onRef("revisions.object_id", "=", "stored_values.object_id")
        .onRef("revisions.revision", "=", "stored_values.revision"),
    )
    .leftJoin("properties", (join) =>
      join
        .onRef("properties.object_id", "=", "stored_values.object_id")
        .onRef("properties.name", "=", "stored_values.property"),
    )
    .selectAll("stored_values")
    .select(["revisions.manifest", "properties.value_id as present"])
    .where("stored_values.object_id", "=", place.objectId)
    .where("stored_values.property", "=", place.property)
    .where("stored_values.revision", "=", place.revision)
    .executeTakeFirst();
}

export async function valueById(db: Db, id: string): Promise<StoredValueTable | undefined> {
  return await db.selectFrom("stored_values").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Where a value stands: `undefined` when it is gone, or stands nowhere. */
export async function placeOfValue(db: Db, id: string) {
  return await db
    .selectFrom("stored_values")
    .innerJoin("objects", "objects.id", "stored_values.object_id")
    .select(["objects.name", "stored_values.property", "stored_values.revision"])
    .where("stored_values.id", "=", id)
    .executeTakeFirst();
}

/** Whether a value is an upload that came to its end. */
export async function isUploaded(db: Db, valueId: string): Promise<boolean> {
  const row = await db
    .selectFrom("uploads")
    .select("id")
    .where("value_id", "=", valueId)
    .where("finished", "=", 1)
    .executeTakeFirst();
  return row !== undefined;
}

export type PlacedValue = Pick<
  StoredValueTable,
  "id" | "size" | "digest" | "object_id" | "property" | "revision"
>;

/** The values that the properties of objects have now, without the digests of their pieces, which may be large. */
export async function presentValues(db: Db, objectIds: readonly string[]): Promise<PlacedValue[]> {
  const found: PlacedValue[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("properties")
      .innerJoin("stored_values", "stored_values.id", "properties.value_id")
      .select([
        "stored_values.id",
        "stored_values.size",
        "stored_values.digest",
        "stored_values.object_id",
        "stored_values.property",
        "stored_values.revision",
      ])
      .where("properties.object_id", "in", ids)
      .execute();
    found.push(...rows);
  }
  return found;
}

/** Every value that an object was ever given. */
export async function valuesOf(db: Db, objectId: string): Promise<StoredValueTable[]> {
  return await db.selectFrom("stored_values").selectAll().where("object_id", "=", objectId).execute();
}

/** The values that are stored of an object, or of one property of it: where they stand, by property and revision. */
export async function placesOf(
  db: Db,
  objectId: string,
  property: string | null,
): Promise<{ id: string; property: string; revision: number }[]> {
  let query = db
    .selectFrom("stored_values")
    .select(["id", "property", "revision"])
    .$narrowType<{ property: NotNull; revision: NotNull }>()
    .where("object_id", "=", objectId);
  if (property !== null) query = query.where("property", "=", property);
  return await query.orderBy("property").orderBy("revision").execute();
}

/** The number of a value's last piece; -1 when it has none. */
export async function lastPiece(db: Db, valueId: string): Promise<number> {
  const row = await db
    .selectFrom("value_pieces")
    .select((eb) => eb.fn.max<number | null>("seq").as("last"))
    .where("value_id", "=", valueId)
    .executeTakeFirst();
  return Number(row?.last ?? -1);
}

/** Drops the first pieces of a value. */
export async function deletePieces(db: Db, valueId: string, before: number): Promise<void> {
  await db.deleteFrom("value_pieces").where("value_id", "=", valueId).where("seq", "<", before).execute();
}

/** Drops what there is of values that belong to no object and to no upload. */
export async function deleteLoose(db: Db, ids: readonly string[]): Promise<void> {
  await db.deleteFrom("value_pieces").where("value_id", "in", ids).execute();
  await db.deleteFrom("stored_values").where("id", "in", ids).where("object_id", "is", null).execute();
}

/** Values that belong to no object and to no upload, and were begun before a time. */
export async function looseValues(db: Db, before: string): Promise<{ id: string }[]> {
  return await db
    .selectFrom("stored_values")
    .leftJoin("uploads", "uploads.value_id", "stored_values.id")
    .select("stored_values.id")
    .where("stored_values.object_id", "is", null)
    .where("uploads.id", "is", null)
    .where("stored_values.created", "<", before)
    .execute();
}

/** How many bytes each piece of a value has, by their numbers. */
export async function pieceSizes(db: Db, valueId: string): Promise<{ seq: number; size: number }[]> {
  return await db
    .selectFrom("value_pieces")
    .select((eb) => ["seq", eb.fn<number>("length", ["bytes"]).as("size")])
    .where("value_id", "=", valueId)
    .orderBy("seq")
    .execute();
}
