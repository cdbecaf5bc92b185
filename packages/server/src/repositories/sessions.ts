import type { Db } from "../database/open.ts";
import type { Flag, SessionTable } from "../database/schema.ts";

export async function insertSession(db: Db, row: SessionTable): Promise<void> {
  await db.insertInto("sessions").values(row).execute();
}

export interface FoundSession {
  user_id: string;
  user_name: string;
  staff: Flag;
  superuser: Flag;
  view_any: Flag;
  fingerprint: string;
  write_only: Flag;
}

/** The session of a token, with its user and key, as long as it, the user and the key are all good. */
export async function findSession(
  db: Db,
  tokenDigest: string,
  now: string,
): Promise<FoundSession | undefined> {
  return await db
    .selectFrom("sessions")
    .innerJoin("users", "users.id", "sessions.user_id")
    .innerJoin("public_keys", "public_keys.fingerprint", "sessions.fingerprint")
    .select([
      "users.id as user_id",
      "users.name as user_name",
      "users.staff as staff",
      "users.superuser as superuser",
      "users.view_any as view_any",
      "public_keys.fingerprint as fingerprint",
      "public_keys.write_only as write_only",
    ])
    .where("sessions.token_digest", "=", tokenDigest)
    .where("sessions.expires", ">", now)
    .where("users.active", "=", 1)
    .where("public_keys.removed", "is", null)
    .whereRef("public_keys.user_id", "=", "sessions.user_id")
    .where((eb) => eb.or([eb("public_keys.expires", "is", null), eb("public_keys.expires", ">", now)]))
    .executeTakeFirst();
}

export async function deleteSession(db: Db, tokenDigest: string): Promise<void> {
  await db.deleteFrom("sessions").where("token_digest", "=", tokenDigest).execute();
}

/** Ends every session that a key signed in for, and every link that would begin one. */
export async function deleteSessionsOfKey(db: Db, fingerprint: string): Promise<void> {
  await db.deleteFrom("sessions").where("fingerprint", "=", fingerprint).execute();
  await db.deleteFrom("web_links").where("fingerprint", "=", fingerprint).execute();
}

/** Ends every session of a user, and every link that would begin one. */
export async function deleteSessionsOfUser(db: Db, userId: string): Promise<void> {
  await db.deleteFrom("sessions").where("user_id", "=", userId).execute();
  await db.deleteFrom("web_links").where("user_id", "=", userId).execute();
}

/** A second insert of the same challenge fails (see `unlessDuplicate`). */
export async function insertUsedChallenge(db: Db, challenge: string, expires: string): Promise<void> {
  await db.insertInto("used_challenges").values({ challenge, expires }).execute();
}

/** Drops what time has made worthless. */
export async function deleteExpired(db: Db, now: string): Promise<void> {
  await db.deleteFrom("sessions").where("expires", "<=", now).execute();
  await db.deleteFrom("used_challenges").where("expires", "<=", now).execute();
  await db.deleteFrom("web_links").where("expires", "<=", now).execute();
}
