import { type RawBuilder, sql } from "kysely";

/**
 * The condition that a column holds a text literally, whatever the case of its letters: of those of ASCII at the least,
 * since SQLite knows no others. So it is the database that puts both into one case: what stands in the column as it was
 * typed is always found.
 */
export function contains(column: string, text: string): RawBuilder<boolean> {
  const pattern = `%${text.replace(/[!%_]/g, "!$&")}%`;
  // PostgreSQL changes case by the collation, which a parameter has only beside the column.
  return sql<boolean>`lower(${sql.ref(column)}) like lower(coalesce(${pattern}, ${sql.ref(column)})) escape '!'`;
}
