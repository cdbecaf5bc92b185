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

/** The session of a token with its user, as long as it, they and the key that it began with are good, and it was seen lately. */
export async function findWebSession(
  db: Db,
  tokenDigest: string,
  { now, seenAfter }: { now: string; seenAfter: string },
): Promise<FoundWebSession | undefined> {
  return await db
    .selectFrom("web_sessions")
    .innerJoin("users", "users.id", "web_sessions.user_id")
    .leftJoin("public_keys", "public_keys.fingerprint", "web_sessions.fingerprint")
    .selectAll("web_sessions")
    .select(["users.name as user_name", "users.superuser", "users.view_any"])
    .where("web_sessions.token_digest", "=", tokenDigest)
    .where("web_sessions.expires", ">", now)
    .where("web_sessions.seen", ">", seenAfter)
    .where("users.active", "=", 1)
    .where("users.staff", "=", 1)
    .where((eb) =>
      eb.or([
        eb("web_sessions.way", "=", "password"),
        eb.and([
          eb("public_keys.user_id", "=", eb.ref("web_sessions.user_id")),
          eb("public_keys.removed", "is", null),
          eb.or([eb("public_keys.expires", "is", null), eb("public_keys.expires", ">", now)]),
        ]),
      ]),
    )
    .executeTakeFirst();
}

/** The sessions of a user that go on, the one seen last first. */
export async function webSessionsOf(
  db: Db,
  userId: string,
  { now, seenAfter }: { now: string; seenAfter: string },
  limit: number,
): Promise<WebSessionTable[]> {
  return await db
    .selectFrom("web_sessions")
    .selectAll()
    .where("user_id", "=", userId)
    .where("expires", ">", now)
    .where("seen", ">", seenAfter)
    .orderBy("seen", "desc")
    .orderBy("token_digest")
    .limit(limit)
    .execute();
}

/** How many sessions of a user go on. */
export async function countWebSessions(
  db: Db,
  userId: string,
  { now, seenAfter }: { now: string; seenAfter: string },
): Promise<number> {
  const { sessions } = await db
    .selectFrom("web_sessions")
    .select((eb) => eb.fn.countAll<number>().as("sessions"))
    .where("user_id", "=", userId)
    .where("expires", ">", now)
    .where("seen", ">", seenAfter)
    .executeTakeFirstOrThrow();
  return Number(sessions);
}

export async function setWebSessionSeen(db: Db, tokenDigest: string, seen: string): Promise<void> {
  await db.updateTable("web_sessions").set({ seen }).where("token_digest", "=", tokenDigest).execute();
}

export async function deleteWebSession(db: Db, tokenDigest: string): Promise<void> {
  await db.deleteFrom("web_sessions").where("token_digest", "=", tokenDigest).execute();
}

/**
 * Ends every session of a user.
 * @param except a session that goes on
 */
export async function deleteWebSessionsOfUser(db: Db, userId: string, except?: string): Promise<void> {
  let query = db.deleteFrom("web_sessions").where("user_id", "=", userId);
  if (except !== undefined) query = query.where("token_digest", "!=", except);
  await query.execute();
}

/**
 * Ends a session, if it is the user's.
 * @returns whether there was one
 */
export async function deleteWebSessionOfUser(db: Db, userId: string, tokenDigest: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom("web_sessions")
    .where("user_id", "=", userId)
    .where("token_digest", "=", tokenDigest)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Ends every session that began with a key. */
export async function deleteWebSessionsOfKey(db: Db, fingerprint: string): Promise<void> {
  await db.deleteFrom("web_sessions").where("fingerprint", "=", fingerprint).execute();
}

/** Drops what time has ended. */
export async function deleteEndedWebSessions(
  db: Db,
  { now, seenAfter }: { now: string; seenAfter: string },
): Promise<void> {
  await db
    .deleteFrom("web_sessions")
    .where((eb) => eb.or([eb("expires", "<=", now), eb("seen", "<=", seenAfter)]))
    .execute();
}
