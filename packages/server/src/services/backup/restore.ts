import { randomBytes } from "node:crypto";
import { copySqlite } from "../../database/engines/sqlite/copy.ts";
import { migrate } from "../../database/migrate.ts";
import { openUnchecked } from "../../database/open.ts";
import type { StoreDatabase } from "../../database/store-database.ts";
import { deletePassing } from "../../repositories/passing.ts";
import { setChallengeSecret } from "../../repositories/store.ts";
import { type Actor, record } from "../audit.ts";
import { copyProblem } from "./copy-fault.ts";
import { type StoreFacts, storeFacts } from "./facts.ts";

export interface Restored extends StoreFacts {
  /** The names of the migrations that brought it up to this version. */
  readonly migrated: readonly string[];
}

/**
 * Makes a store, in an empty file, of a copy of one: as it was, but for what was true at that moment alone. Sessions, links
 * and challenges of then open nothing, and no mail is sent a second time.
 * @throws Problem `local-fault`, `unavailable` when the copy is none of a store, or of a newer version
 */
export async function restore(
  actor: Actor,
  from: string,
  { part, name }: { readonly part: string; readonly name: string },
): Promise<Restored> {
  try {
    await copySqlite(from, part);
  } catch (error) {
    throw copyProblem(error, from, name);
  }
  const db = await openUnchecked({ engine: "sqlite", path: part });
  try {
    return await settleRestored(db, actor, from);
  } finally {
    await db.destroy();
  }
}

/**
 * Makes a store of what a backup was loaded into: it is brought up to this version, and what was of the moment is dropped.
 * @param from what it was loaded from, for the log and errors
 * @throws Problem `unavailable` when it is no store, or of a newer version
 */
export async function settleRestored(db: StoreDatabase, actor: Actor, from: string): Promise<Restored> {
  const migrated = await migrate(db, from);
  await db.transaction().execute(async (trx) => {
    await deletePassing(trx);
    await setChallengeSecret(trx, randomBytes(32));
    await record(trx, actor, [{ action: "restore store", detail: from }]);
  });
  return { ...(await storeFacts(db)), migrated };
}
