import type { Db } from "../database/open.ts";
import type { WrappedKeyTable } from "../database/schema.ts";
import { slices, slicesBySize, statementSize } from "../database/slices.ts";

/** What of values is wrapped to some keys. */
export async function wrappedKeysFor(
  db: Db,
  valueIds: readonly string[],
  fingerprints: readonly string[],
): Promise<WrappedKeyTable[]> {
  if (fingerprints.length === 0) return [];
  const found: WrappedKeyTable[] = [];
  for (const ids of slices(valueIds)) {
    const rows = await db
      .selectFrom("wrapped_keys")
      .selectAll()
      .where("value_id", "in", ids)
      .where("fingerprint", "in", fingerprints)
      .execute();
    found.push(...rows);
  }
  return found;
}

/** What of the values that objects have now is wrapped to the current keys of a user. */
export async function wrappedKeysOf(
  db: Db,
  objectIds: readonly string[],
  userId: string,
): Promise<(WrappedKeyTable & { object_id: string; property: string })[]> {
  const found: (WrappedKeyTable & { object_id: string; property: string })[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("properties")
      .innerJoin("wrapped_keys", "wrapped_keys.value_id", "properties.value_id")
      .innerJoin("public_keys", "public_keys.fingerprint", "wrapped_keys.fingerprint")
      .selectAll("wrapped_keys")
      .select(["properties.object_id", "properties.name as property"])
      .where("properties.object_id", "in", ids)
      .where("public_keys.user_id", "=", userId)
      .where("public_keys.removed", "is", null)
      .orderBy("properties.name")
      .execute();
    found.push(...rows);
  }
  return found;
}

export async function wrappedKeysOfValue(db: Db, valueId: string): Promise<WrappedKeyTable[]> {
  return await db.selectFrom("wrapped_keys").selectAll().where("value_id", "=", valueId).execute();
}

/** Where values are wrapped to, without the bytes. */
export async function wrappedPlaces(
  db: Db,
  valueIds: readonly string[],
): Promise<Omit<WrappedKeyTable, "bytes">[]> {
  const found: Omit<WrappedKeyTable, "bytes">[] = [];
  for (const ids of slices(valueIds)) {
    const rows = await db
      .selectFrom("wrapped_keys")
      .select(["value_id", "fingerprint", "subkey"])
      .where("value_id", "in", ids)
      .execute();
    found.push(...rows);
  }
  return found;
}

export async function insertWrappedKeys(db: Db, rows: readonly WrappedKeyTable[]): Promise<void> {
  for (const some of slicesBySize(rows, ({ bytes }) => bytes.length, { size: statementSize }))
    await db.insertInto("wrapped_keys").values(some).execute();
}

export async function deleteWrappedKey(db: Db, valueId: string, fingerprint: string): Promise<void> {
  await db
    .deleteFrom("wrapped_keys")
    .where("value_id", "=", valueId)
    .where("fingerprint", "=", fingerprint)
    .execute();
}

/** The primary fingerprints to which anything of objects, now or before, is wrapped. */
export async function wrappedFingerprints(
  db: Db,
  objectIds: readonly string[],
): Promise<{ object_id: string | null; fingerprint: string }[]> {
  const found: { object_id: string | null; fingerprint: string }[] = [];
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom("wrapped_keys")
      .innerJoin("stored_values", "stored_values.id", "wrapped_keys.value_id")
      .select(["stored_values.object_id", "wrapped_keys.fingerprint"])
      .distinct()
      .where("stored_values.object_id", "in", ids)
      .execute();
    found.push(...rows);
  }
  return found;
}

/** Takes everything of objects, their history included, away from a key. */
export async function deleteWrappedKeys(
  db: Db,
  objectIds: readonly string[],
  fingerprint: string,
): Promise<void> {
  for (const ids of slices(objectIds)) {
    await db
      .deleteFrom("wrapped_keys")
      .where("fingerprint", "=", fingerprint)
      .where("value_id", "in", (eb) =>
        eb.selectFrom("stored_values").select("id").where("object_id", "in", ids),
      )
      .execute();
  }
}
