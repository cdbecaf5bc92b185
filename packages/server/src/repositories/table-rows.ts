import { sql } from "kysely";
import type { Db } from "../database/open.ts";
import type { Tables } from "../database/schema.ts";
import { slicesBySize } from "../database/slices.ts";
import { type TableName, tables } from "./tables.ts";

/** What a row begins behind, by the columns of its primary key. */
type Key = Readonly<Record<string, unknown>>;

/** So many rows are read at once. */
const rowsAtOnce = 500;
/** Rows with a large column are read so many bytes at once. */
const bytesAtOnce = 4 * 1024 * 1024;

/** All rows of a table in the order of its primary key, in parts that fit into memory. Only a snapshot holds still. */
export async function* rowsOf<T extends TableName>(db: Db, table: T): AsyncGenerator<readonly Tables[T][]> {
  const { large } = tables[table];
  for (let after: Key | null = null; ; ) {
    let last: Key | undefined;
    if (large === undefined) {
      const rows = await rowsAfter(db, table, after, rowsAtOnce);
      yield rows;
      last = rows.at(-1) as Key | undefined;
    } else {
      const sizes = await sizesAfter(db, table, large, after);
      for (const some of slicesBySize(sizes, ({ size }) => Number(size), { size: bytesAtOnce })) {
        yield await rowsAfter(db, table, last ?? after, some.length);
        last = some.at(-1);
      }
    }
    if (last === undefined) return;
    after = last;
  }
}

async function rowsAfter<T extends TableName>(
  db: Db,
  table: T,
  after: Key | null,
  limit: number,
): Promise<readonly Tables[T][]> {
  const query = sql<Tables[T]>`select * from ${sql.table(table)} ${page(table, after, limit)}`;
  return (await query.execute(db)).rows;
}

/** The primary keys of the next rows, and how large each is. */
async function sizesAfter(
  db: Db,
  table: TableName,
  large: string,
  after: Key | null,
): Promise<readonly Key[]> {
  const key = sql.join(tables[table].key.map((column) => sql.ref(column)));
  const query = sql<Key>`select ${key}, length(${sql.ref(large)}) as size from ${sql.table(table)} ${page(table, after, rowsAtOnce)}`;
  return (await query.execute(db)).rows;
}

/** Behind one row, in the order of the primary key. Its first column stands alone too: so the engines find the place by it. */
function page(table: TableName, after: Key | null, limit: number) {
  const [first, second] = tables[table].key.map((column) => ({
    column: sql.ref(column),
    value: after?.[column],
  }));
  if (first === undefined) throw new Error(`the table ${table} has no primary key`);
  const order = second === undefined ? first.column : sql`${first.column}, ${second.column}`;
  const behind =
    second === undefined
      ? sql`${first.column} > ${first.value}`
      : sql`${first.column} >= ${first.value} and (${first.column} > ${first.value} or ${second.column} > ${second.value})`;
  return sql`${after === null ? sql`` : sql`where ${behind}`} order by ${order} limit ${sql.lit(limit)}`;
}
