import type { Db } from "../database/open.ts";
import type { StoreTable } from "../database/schema.ts";

export async function insertStore(db: Db, row: StoreTable): Promise<void> {
  await db.insertInto("store").values(row).execute();
}

export async function readStore(db: Db): Promise<StoreTable> {
  return await db.selectFrom("store").selectAll().executeTakeFirstOrThrow();
}

/** Replaces the key of the challenges: none that was given out before is good any more. */
export async function setChallengeSecret(db: Db, secret: Uint8Array): Promise<void> {
  await db.updateTable("store").set({ challenge_secret: secret }).execute();
}
