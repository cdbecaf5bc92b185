import type { Db } from "../database/open.ts";
import type { UploadTable } from "../database/schema.ts";

export async function findUpload(db: Db, id: string): Promise<UploadTable | undefined> {
  return await db.selectFrom("uploads").selectAll().where("id", "=", id).executeTakeFirst();
}

export async function insertUpload(db: Db, row: UploadTable): Promise<void> {
  await db.insertInto("uploads").values(row).execute();
}

export async function deleteUpload(db: Db, id: string): Promise<void> {
  await db.deleteFrom("uploads").where("id", "=", id).execute();
}

/** The uploads of a user that no commit has taken, finished or not. */
export async function countUploads(db: Db, userId: string): Promise<number> {
  const { count } = await db
    .selectFrom("uploads")
    .select((eb) => eb.fn.countAll().as("count"))
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Says that an upload is complete, unless another transfer under its id took it over. */
export async function finishUpload(db: Db, id: string, valueId: string): Promise<boolean> {
  const result = await db
    .updateTable("uploads")
    .set({ finished: 1 })
    .where("id", "=", id)
    .where("value_id", "=", valueId)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function uploadsBefore(db: Db, before: string): Promise<UploadTable[]> {
  return await db.selectFrom("uploads").selectAll().where("created", "<", before).execute();
}
