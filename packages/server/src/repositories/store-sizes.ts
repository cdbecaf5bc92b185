import type { Db } from "../database/open.ts";

/** What is on its way to the store, and stands nowhere yet. */
export interface Uploads {
  readonly count: number;
  /** In bytes, of those that are complete. */
  readonly size: number;
}

export async function uploadsUnderWay(db: Db): Promise<Uploads> {
  const { count, size } = await db
    .selectFrom("uploads")
    .innerJoin("stored_values", "stored_values.id", "uploads.value_id")
    .select((eb) => [eb.fn.countAll<number>().as("count"), eb.fn.sum<number | null>("size").as("size")])
    .executeTakeFirstOrThrow();
  return { count: Number(count), size: Number(size ?? 0) };
}

/** How many rows the log has. */
export async function countAuditRows(db: Db): Promise<number> {
  const { rows } = await db
    .selectFrom("audit")
    .select((eb) => eb.fn.countAll<number>().as("rows"))
    .executeTakeFirstOrThrow();
  return Number(rows);
}

/** How many objects an admin withholds. */
export async function countWithheld(db: Db): Promise<number> {
  const { objects } = await db
    .selectFrom("objects")
    .select((eb) => eb.fn.countAll<number>().as("objects"))
    .where("withheld", "is not", null)
    .executeTakeFirstOrThrow();
  return Number(objects);
}
