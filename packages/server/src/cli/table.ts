/** Rows under a header, columns aligned; the last column as long as it is. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return new Table(header).part(rows);
}

/** The same in parts, for more rows than memory should hold: a column is as wide as the widest cell that came so far. */
export class Table {
  readonly #header: readonly string[];
  readonly #widths: number[];
  #isBegun = false;

  constructor(header: readonly string[]) {
    this.#header = header;
    this.#widths = header.map((title) => title.length);
  }

  part(rows: readonly (readonly string[])[]): string {
    for (const row of rows) {
      for (const [column, cell] of row.entries())
        this.#widths[column] = Math.max(this.#widths[column] ?? 0, cell.length);
    }
    const all = this.#isBegun ? rows : [this.#header, ...rows];
    this.#isBegun = true;
    return all.map((row) => this.#line(row)).join("");
  }

  #line(row: readonly string[]): string {
    const cells = row.map((cell, column) => cell.padEnd(this.#widths[column] ?? 0));
    return `${cells.join("  ").trimEnd()}\n`;
  }
}
