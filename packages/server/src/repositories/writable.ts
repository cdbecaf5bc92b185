import { sql } from "kysely";
import type { Db } from "../database/open.ts";

/** Writes nothing, and so fails where nothing could be written: on a standby, or on a disk that is mounted to be read. */
export async function changeNothing(db: Db): Promise<void> {
  await db.deleteFrom("used_challenges").where(sql<boolean>`1 = 0`).execute();
}
