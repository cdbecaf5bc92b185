import { sql } from "kysely";
import type { StoreDatabase } from "../../store-database.ts";

/** What SQLite itself finds wrong with a database's file and its indexes; at most ten lines. */
export async function faultsOfFile(db: StoreDatabase): Promise<readonly string[]> {
  if (db.engine !== "sqlite") return [];
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(10)`.execute(db);
  return rows.map((row) => row.integrity_check).filter((line) => line !== "ok");
}
