import type { Location } from "../database/location.ts";
import { TakenMeanwhile } from "../database/migrate.ts";
import { createDatabase, discardDatabase } from "../database/open.ts";
import type { StoreDatabase } from "../database/store-database.ts";

/**
 * Makes an empty database and a store in it, and takes all away again when that fails.
 * @param make makes the tables, too
 */
export async function inNewDatabase<T>(
  location: Location,
  make: (db: StoreDatabase) => Promise<T>,
): Promise<T> {
  const db = await createDatabase(location);
  let made: T;
  try {
    made = await make(db);
  } catch (error) {
    if (error instanceof TakenMeanwhile) await db.destroy();
    // Where it cannot be removed, it is the reason of the failure that counts.
    else await discardDatabase(location, db).catch(() => {});
    throw error;
  }
  await db.destroy();
  return made;
}
