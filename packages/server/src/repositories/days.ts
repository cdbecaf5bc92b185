import { unlessDuplicate } from "../database/faults.ts";
import type { Db } from "../database/open.ts";
import type { DayTable } from "../database/schema.ts";

/** Writes a day down, unless another server has done so. */
export async function insertDay(db: Db, row: DayTable): Promise<void> {
  const inserted = db.insertInto("days").values(row).execute();
  await unlessDuplicate<unknown>(inserted, () => null);
}

/** The days from one on that were counted, in order. */
export async function daysFrom(db: Db, first: string): Promise<DayTable[]> {
  const rows = await db.selectFrom("days").selectAll().where("day", ">=", first).orderBy("day").execute();
  return rows.map((row) => ({ ...row, operations: Number(row.operations), refusals: Number(row.refusals) }));
}
