import type { Db } from "../database/open.ts";
import type { RequestCountsTable } from "../database/schema.ts";

/** Says what a server process counted, in the one row that is its own. */
export async function writeRequestCounts(db: Db, row: RequestCountsTable): Promise<void> {
  const { server, ...counted } = row;
  const { numUpdatedRows } = await db
    .updateTable("request_counts")
    .set(counted)
    .where("server", "=", server)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) await db.insertInto("request_counts").values(row).execute();
}

/** What the other server processes counted. */
export async function othersRequestCounts(db: Db, server: string): Promise<RequestCountsTable[]> {
  return await db.selectFrom("request_counts").selectAll().where("server", "!=", server).execute();
}

/** Which rows there are, and how often each was written. */
export async function requestCountRows(db: Db): Promise<Pick<RequestCountsTable, "server" | "written">[]> {
  return await db.selectFrom("request_counts").select(["server", "written"]).execute();
}

/** Drops the row of a server process, unless it was written since. */
export async function deleteStaleRequestCounts(
  db: Db,
  { server, written }: Pick<RequestCountsTable, "server" | "written">,
): Promise<void> {
  await db.deleteFrom("request_counts").where("server", "=", server).where("written", "=", written).execute();
}
