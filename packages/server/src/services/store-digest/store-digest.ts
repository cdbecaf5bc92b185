import { setImmediate as othersFirst } from "node:timers/promises";
import { digestOf } from "@pstore/core/digest";
import type { Db } from "../../database/open.ts";
import { snapshot } from "../../database/transactions.ts";
import { type TableName, tableNames, tables } from "../../repositories/tables.ts";
import { digestTable, type TableDigest } from "./table-digest.ts";

/** What a store holds, in 64 lower-case hex digits: two copies that hold the same have the same. */
export interface StoreDigest {
  /** SHA-256 over a line for each table, `NAME ROWS DIGEST`. */
  readonly digest: string;
  /** By name, without those that tell of the moment alone. */
  readonly tables: readonly TableDigest[];
}

/** The tables that hold what a store holds, each behind those that its rows refer to. */
export const lastingTables: readonly TableName[] = tableNames.filter((table) => !tables[table].passing);

/**
 * Digests every row of a store as it is at one moment, whoever writes meanwhile.
 * @param step called between two parts, with how many rows were digested so far of a table
 */
export async function digestStore(
  db: Db,
  step: (table: string, rows: number) => Promise<void> = () => othersFirst(),
): Promise<StoreDigest> {
  return await snapshot(db, async (still) => {
    const all: TableDigest[] = [];
    for (const table of [...lastingTables].sort())
      all.push(await digestTable(still, table, (rows) => step(table, rows)));
    return digestOfTables(all);
  });
}

/** What the tables come to together, in whatever order they are given. */
export function digestOfTables(digests: readonly TableDigest[]): StoreDigest {
  const sorted = digests.toSorted((one, other) => (one.table < other.table ? -1 : 1));
  const lines = sorted.map(({ table, rows, digest }) => `${table} ${rows} ${digest}\n`);
  return { digest: digestOf(lines.join("")), tables: sorted };
}
