import type { Db } from "../database/open.ts";
import type { Flag, WebLinkTable } from "../database/schema.ts";

export async function insertWebLink(db: Db, row: WebLinkTable): Promise<void> {
  await db.insertInto("web_links").values(row).execute();
}

/** A link as it is now: with the state of its user and its key. */
export interface FoundWebLink extends WebLinkTable {
  user_name: string;
  active: Flag;
  staff: Flag;
  write_only: Flag;
  key_removed: string | null;
  key_expires: string | null;
}

/** The link of a token, expired or not, unless its key has gone to somebody else. */
export async function findWebLink(db: Db, tokenDigest: string): Promise<FoundWebLink | undefined> {
  return await db
    .selectFrom("web_links")
    .innerJoin("users", "users.id", "web_links.user_id")
    .innerJoin("public_keys", "public_keys.fingerprint", "web_links.fingerprint")
    .selectAll("web_links")
    .select([
      "users.name as user_name",
      "users.active",
      "users.staff",
      "public_keys.write_only",
      "public_keys.removed as key_removed",
      "public_keys.expires as key_expires",
    ])
    .where("web_links.token_digest", "=", tokenDigest)
    .whereRef("public_keys.user_id", "=", "web_links.user_id")
    .executeTakeFirst();
}

/** @returns whether it was there: of several who take it at once, one alone is told so */
export async function takeWebLink(db: Db, tokenDigest: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom("web_links")
    .where("token_digest", "=", tokenDigest)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
