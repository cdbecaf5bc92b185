import type { Db } from "../database/open.ts";
import { slicesBySize, statementSize } from "../database/slices.ts";
import type { TableName } from "./tables.ts";

/** So many rows are written by one statement at the most. */
const rowsAtOnce = 100;

/** Writes rows of any table as they are, by statements that every engine takes. */
export async function insertRows(db: Db, table: TableName, rows: readonly object[]): Promise<void> {
  for (const some of slicesBySize(rows, sizeOf, { size: statementSize, count: rowsAtOnce })) {
    await db
      .insertInto(table)
      .values(some as never)
      .execute();
  }
}

function sizeOf(row: object): number {
  let size = 0;
  for (const value of Object.values(row)) {
    if (typeof value === "string") size += Buffer.byteLength(value);
    else size += value instanceof Uint8Array ? value.length : 8;
  }
  return size;
}
