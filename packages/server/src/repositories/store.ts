import type { Db } from "../database/open.ts";
import type { StoreTable } from "../database/schema.ts";

export async function insertStore(db: Db, row: StoreTable): Promise<void> {
  await db.insertInto("store").values(row).execute();
}

export async function readStore(db: Db): Promise<StoreTable> {
  return await db.selectFrom("store").selectAll().executeTakeFirstOrThrow();
}
