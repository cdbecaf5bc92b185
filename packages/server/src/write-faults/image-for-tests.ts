/** What a store holds, to be compared with what it held before. */
import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Db } from "../database/open.ts";
import { rowsOf } from "../repositories/table-rows.ts";
import { type TableName, tableNames, tables } from "../repositories/tables.ts";

/** By table, and there by primary key: the digest of the row. Without what the log says was refused: that is nothing done. */
export type Image = ReadonlyMap<TableName, ReadonlyMap<string, string>>;

export async function imageOf(db: Db): Promise<Image> {
  const image = new Map<TableName, Map<string, string>>();
  for (const table of tableNames) {
    const rows = new Map<string, string>();
    for await (const some of table === "value_pieces" ? [await pieceSizes(db)] : rowsOf(db, table))
      for (const row of some as readonly object[]) {
        if (table === "audit" && "outcome" in row && row.outcome !== "ok") continue;
        const key = tables[table].key.map((column) => row[column as never]);
        const text = JSON.stringify(row, (_, value) =>
          value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
        );
        rows.set(key.join(" "), createHash("sha256").update(text).digest("base64"));
      }
    image.set(table, rows);
  }
  return image;
}

/** Without their bytes, which are many, and which the deep check looks at. */
async function pieceSizes(db: Db): Promise<readonly object[]> {
  const size = (text: string) => sql<number>`length(${sql.ref(text)})`.as("size");
  return await db
    .selectFrom("value_pieces")
    .select(["value_id", "seq", size("bytes")])
    .execute();
}

/** How many rows came, went and changed, by table: empty when it is the same. */
export function difference(before: Image, after: Image): string {
  const parts: string[] = [];
  for (const table of tableNames) {
    const [old, now] = [before.get(table) ?? new Map(), after.get(table) ?? new Map()];
    const came = [...now.keys()].filter((key) => !old.has(key)).length;
    const went = [...old.keys()].filter((key) => !now.has(key)).length;
    const changed = [...now].filter(([key, digest]) => old.has(key) && old.get(key) !== digest).length;
    if (came + went + changed > 0) parts.push(`${table} +${came} -${went} ~${changed}`);
  }
  return parts.join(", ");
}
