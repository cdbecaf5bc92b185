import type { Db } from "../database/open.ts";
import { plain } from "./audit-search.ts";

export interface ReadRow {
  object_id: string;
  property: string;
  /** As the read was recorded: `revision N`. */
  detail: string;
  last: string;
}

/** Which values were read within a part of the log, and where that part ends. */
export interface ReadsOfPart {
  readonly rows: readonly ReadRow[];
  /** The time of its last row; `null`: to the end of the log. */
  readonly end: string | null;
}

/**
 * Which values the next part of the log says that a user has read, each with the last time.
 * @param after only later than this time; `null`: from the start
 * @param count of so many rows of the user, and those of the last one's millisecond
 */
export async function readsOf(
  db: Db,
  userName: string,
  after: string | null,
  count: number,
): Promise<ReadsOfPart> {
  let rows = db.selectFrom("audit").where("user_name", "=", userName);
  if (after !== null) rows = rows.where("time", ">", after);
  const last = rows
    .select("time")
    .orderBy("time")
    .offset(count - 1)
    .limit(1);
  const end = (await last.executeTakeFirst())?.time ?? null;
  if (end !== null) rows = rows.where("time", "<=", end);
  const reads = await rows
    .select((eb) => ["object_id", "property", "detail", eb.fn.max("time").as("last")])
    .where((eb) => eb(plain(eb, "action"), "=", "read"))
    .where((eb) => eb(plain(eb, "outcome"), "=", "ok"))
    .groupBy(["object_id", "property", "detail"])
    .execute();
  return { rows: reads, end };
}
