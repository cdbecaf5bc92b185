import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import type { StoreTable } from "../database/schema.ts";

export async function insertStore(db: Db, row: StoreTable): Promise<void> {
  await db.insertInto("store").values(row).execute();
}

/** @throws Problem `unavailable` when there are tables alone: it is the last that a copy has, and the first of a new store */
export async function readStore(db: Db): Promise<StoreTable> {
  const store = await db.selectFrom("store").selectAll().executeTakeFirst();
  if (store !== undefined) return store;
  throw new Problem(
    "unavailable",
    "the database has the tables of a store and no store in them: the 'pstore-server copy' or 'init' that made them was killed; remove them, and repeat it",
  );
}

/** Replaces the key of the challenges: none that was given out before is good any more. */
export async function setChallengeSecret(db: Db, secret: Uint8Array): Promise<void> {
  await db.updateTable("store").set({ challenge_secret: secret }).execute();
}
