import type { Db } from "../../database/open.ts";
import { rowsOf } from "../../repositories/table-rows.ts";
import { type TableName, tables } from "../../repositories/tables.ts";

/** A row of any table, by its columns. */
type AnyRow = Readonly<Record<string, unknown>>;

/** What a table holds, in 64 lower-case hex digits. */
export interface TableDigest {
  readonly table: TableName;
  readonly rows: number;
  readonly digest: string;
}

/**
 * Digests all rows of a table, see {@link TableHash}.
 * @param step called between two parts
 */
export async function digestTable(
  db: Db,
  table: TableName,
  step: (rows: number) => Promise<void>,
): Promise<TableDigest> {
  const hash = new TableHash(table);
  for await (const part of rowsOf(db, table)) {
    hash.add(part);
    await step(hash.rows);
  }
  return hash.end();
}

/**
 * SHA-256 over all rows of a table in the order of their primary key, whichever engine they lie in. Each is a line of
 * JSON: the list of its columns' values in the order of the columns' names; bytes stand as a list of their SHA-256. The
 * first line holds the names: of the table, and of the columns.
 */
export class TableHash {
  readonly #table: TableName;
  readonly #hash = new Bun.CryptoHasher("sha256");
  #columns: readonly string[] | null = null;
  #rows = 0;
  #before: readonly unknown[] | null = null;

  constructor(table: TableName) {
    this.#table = table;
  }

  /** How many were added. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds the next rows. */
  add(rowsOfPart: readonly unknown[]): void {
    const part = rowsOfPart as readonly AnyRow[];
    const table = this.#table;
    const [first] = part;
    let lines = "";
    if (this.#columns === null && first !== undefined) {
      this.#columns = Object.keys(first)
        .filter((column) => column !== tables[table].own)
        .sort();
      lines = `${JSON.stringify([table, ...this.#columns])}\n`;
    }
    for (const row of part) {
      const key = tables[table].key.map((column) => plain(row[column]));
      if (this.#before !== null && !isBehind(this.#before, key)) {
        throw new Error(
          `the rows of ${table} do not come in the order of their keys' bytes: the database compares texts in another way than pstore-server made it for`,
        );
      }
      this.#before = key;
      lines += lineOf(row, this.#columns ?? []);
    }
    this.#hash.update(lines);
    this.#rows += part.length;
  }

  /** What all of them come to; nothing can be added any more. */
  end(): TableDigest {
    return { table: this.#table, rows: this.#rows, digest: this.#hash.digest("hex") };
  }
}

function lineOf(row: AnyRow, columns: readonly string[]): string {
  return `${JSON.stringify(columns.map((column) => plain(row[column])))}\n`;
}

/** A value as the line has it: engines give large numbers in different types. */
function plain(value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return [new Bun.CryptoHasher("sha256").update(value).digest("hex")];
  throw new Error(`a column holds a ${typeof value}, which none of ours does`);
}

function isBehind(before: readonly unknown[], after: readonly unknown[]): boolean {
  for (const [at, value] of after.entries()) {
    const order = compare(before[at], value);
    if (order !== 0) return order < 0;
  }
  return false;
}

function compare(one: unknown, other: unknown): number {
  if (typeof one === "string" && typeof other === "string")
    return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return Number(one) - Number(other);
}
