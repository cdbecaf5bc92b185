import type { Db } from "../database/open.ts";
import type { Flag, WebSessionTable } from "../database/schema.ts";

export async function insertWebSession(db: Db, row: WebSessionTable): Promise<void> {
  await db.insertInto("web_sessions").values(row).execute();
}

export interface FoundWebSession extends WebSessionTable {
  user_name: string;
  superuser: Flag;
  view_any: Flag;
}

/** The session of a token with its user, as long as both are good and it was seen lately. */
export async function findWebSession(
  db: Db,
  tokenDigest: string,
  { now, seenAfter }: { now: string; seenAfter: string },
): Promise<FoundWebSession | undefined> {
  return await db
    .selectFrom("web_sessions")
    .innerJoin("users", "users.id", "web_sessions.user_id")
    .selectAll("web_sessions")
    .select(["users.name as user_name", "users.superuser", "users.view_any"])
    .where("web_sessions.token_digest", "=", tokenDigest)
    .where("web_sessions.expires", ">", now)
    .where("web_sessions.seen", ">", seenAfter)
    .where("users.active", "=", 1)
    .where("users.staff", "=", 1)
    .executeTakeFirst();
}
