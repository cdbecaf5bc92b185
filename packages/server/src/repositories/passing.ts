import { sql } from "kysely";
import type { Db } from "../database/open.ts";
import { tableNames, tables } from "./tables.ts";

/** Empties the tables that tell of what goes on at the moment. */
export async function deletePassing(db: Db): Promise<void> {
  for (const table of tableNames) {
    if (tables[table].passing) await sql`delete from ${sql.table(table)}`.execute(db);
  }
}
