import type { StoreDigest } from "../services/store-digest/store-digest.ts";

/** A store's digest and those of its tables, as lines. */
export function digestLines({ digest, tables }: StoreDigest): string {
  const line = (name: string, rows: string, hex: string) =>
    `${name.padEnd(15)} ${rows.padStart(9)}  ${hex}\n`;
  const all = tables.map((one) => line(one.table, String(one.rows), one.digest));
  return `${all.join("")}${line("digest", "", digest)}`;
}
