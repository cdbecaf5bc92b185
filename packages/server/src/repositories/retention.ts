import type { ExpressionBuilder } from "kysely";
import type { Db } from "../database/open.ts";
import type { StoredValueTable, Tables } from "../database/schema.ts";
import { slices } from "../database/slices.ts";

/** Whether a stored value is what a property of a living object has now. */
function isCurrent(eb: ExpressionBuilder<Tables, "stored_values">) {
  return eb.exists(
    eb
      .selectFrom("properties")
      .innerJoin("objects as holders", "holders.id", "properties.object_id")
      .select("properties.value_id")
      .whereRef("properties.value_id", "=", "stored_values.id")
      .where("holders.live_name", "is not", null),
  );
}

/** Writes down, of every value of objects, whether it is current, and if not, since when. */
export async function markReplaced(db: Db, objectIds: readonly string[], now: string): Promise<void> {
  for (const ids of slices(objectIds)) {
    await db
      .updateTable("stored_values")
      .set((eb) => ({ replaced: eb.case().when("replaced", "is", null).then(now).else(null).end() }))
      .where("object_id", "in", ids)
      .where((eb) =>
        eb.or([
          eb.and([eb("replaced", "is", null), eb.not(isCurrent(eb))]),
          eb.and([eb("replaced", "is not", null), isCurrent(eb)]),
        ]),
      )
      .execute();
  }
}

/** A value that no living object has any more, with where it stood. */
export interface ReplacedValue extends Pick<StoredValueTable, "id" | "size"> {
  objectId: string;
  objectName: string;
  property: string | null;
  revision: number | null;
  replaced: string | null;
}

/** Values replaced at a time or before, longest ago first; never one that is current, whatever its mark says. */
export async function valuesReplacedBefore(db: Db, time: string, limit: number): Promise<ReplacedValue[]> {
  return await db
    .selectFrom("stored_values")
    .innerJoin("objects", "objects.id", "stored_values.object_id")
    .select([
      "stored_values.id",
      "stored_values.size",
      "stored_values.property",
      "stored_values.revision",
      "stored_values.replaced",
      "objects.id as objectId",
      "objects.name as objectName",
    ])
    .where("stored_values.replaced", "<=", time)
    .where((eb) => eb.not(isCurrent(eb)))
    .orderBy("stored_values.replaced")
    .limit(limit)
    .execute();
}

/**
 * Takes values out of every object's sight: what is left of them belongs to nothing, and counts as begun now, since it
 * is being dropped.
 */
export async function detachValues(db: Db, ids: readonly string[], now: string): Promise<void> {
  // The index of a deleted object's last manifest names them still.
  await db.deleteFrom("properties").where("value_id", "in", ids).execute();
  await db.deleteFrom("wrapped_keys").where("value_id", "in", ids).execute();
  await db
    .updateTable("stored_values")
    .set({ object_id: null, property: null, revision: null, created: now })
    .where("id", "in", ids)
    .execute();
}
