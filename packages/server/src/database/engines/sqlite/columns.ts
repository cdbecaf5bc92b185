import type { ColumnTypes } from "../../columns.ts";

export const columnTypes: ColumnTypes = {
  varchar: (length) => `varchar(${length})`,
  text: "text",
  blob: "blob",
};
