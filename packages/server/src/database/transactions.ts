import type { Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/** Reads with several statements what the store was at one moment; nothing can be written. */
export async function snapshot<T>(
  db: Kysely<Tables>,
  read: (transaction: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  return await db.transaction().setAccessMode("read only").execute(read);
}
