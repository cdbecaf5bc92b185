import { sql } from "kysely";
import type { ColumnTypes } from "../../columns.ts";

/** Texts are ordered by their bytes, whatever the language of the database: as in the other engines, and as names are. */
export const columnTypes: ColumnTypes = {
  varchar: (length) => sql`varchar(${sql.lit(length)}) collate "C"`,
  text: sql`text collate "C"`,
  blob: "bytea",
};
