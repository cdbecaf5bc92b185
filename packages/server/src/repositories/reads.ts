import type { Db } from "../database/open.ts";

export interface ReadRow {
  object_id: string;
  property: string;
  /** As the read was recorded: `revision N`. */
  detail: string;
  last: string;
}

/** Which values the log says that a user has read, each with the last time. */
export async function readsOf(db: Db, userName: string): Promise<ReadRow[]> {
  return await db
    .selectFrom("audit")
    .select((eb) => ["object_id", "property", "detail", eb.fn.max("time").as("last")])
    .where("user_name", "=", userName)
    .where("action", "=", "read")
    .where("outcome", "=", "ok")
    .groupBy(["object_id", "property", "detail"])
    .execute();
}
