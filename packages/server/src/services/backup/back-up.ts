import { copySqlite } from "../../database/engines/sqlite/copy.ts";
import type { SqliteLocation } from "../../database/location.ts";
import { checkVersion } from "../../database/migrate.ts";
import { type Db, openUnchecked } from "../../database/open.ts";
import { type Actor, record } from "../audit.ts";
import { copyProblem } from "./copy-fault.ts";
import { type StoreFacts, storeFacts } from "./facts.ts";

/**
 * Copies a store as it is at one moment into an empty file, while others write it, and looks whether the copy is good.
 * @param name of the file, for the log and errors
 * @throws Problem `local-fault`, `unavailable`
 */
export async function backUp(
  db: Db,
  actor: Actor,
  location: SqliteLocation,
  { part, name }: { readonly part: string; readonly name: string },
): Promise<StoreFacts> {
  // Before the copy: so it says itself when it was made, and nobody takes one of which the log does not tell.
  await record(db, actor, [{ action: "backup", detail: name }]);
  try {
    await copySqlite(location.path, part);
  } catch (error) {
    throw copyProblem(error, location.path, name);
  }
  const copy = await openUnchecked({ engine: "sqlite", path: part });
  try {
    await checkVersion(copy, name);
    return await storeFacts(copy);
  } finally {
    await copy.destroy();
  }
}
