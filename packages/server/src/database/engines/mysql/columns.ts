import { sql } from "kysely";
import type { ColumnTypes } from "../../columns.ts";

/**
 * Texts are compared by their bytes, spaces at the end included: case and accents make two names, as in the other engines.
 * @param isMariaDb the two have different names for it
 */
export function columnTypes(isMariaDb: boolean): ColumnTypes {
  const collation = isMariaDb ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin";
  const text = sql.raw(`character set utf8mb4 collate ${collation}`);
  return {
    varchar: (length) => sql`varchar(${sql.lit(length)}) ${text}`,
    text: sql`longtext ${text}`,
    blob: sql`longblob`,
  };
}
