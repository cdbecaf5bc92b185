// What the benchmarks print.

export interface Row {
  readonly what: string;
  /** One for each column after the first. */
  readonly cells: readonly string[];
}

/** Prints a table with a title; all but the first column are aligned to the right. */
export function printTable(title: string, columns: readonly string[], rows: readonly Row[]): void {
  const lines = [["", ...columns], ...rows.map(({ what, cells }) => [what, ...cells])];
  const widths = Array.from({ length: columns.length + 1 }, (_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const [head = "", ...body] = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  console.log(`\n${title}\n${head}\n${"-".repeat(widths.reduce((sum, width) => sum + width + 2, -2))}`);
  for (const line of body) console.log(line);
}

export interface Claim {
  readonly what: string;
  readonly is: number;
  readonly atMost: number;
  /** Behind both numbers. Default: none, for a ratio. */
  readonly unit?: string;
}

/** Prints what was aimed at, beside what it came to. */
export function printClaims(claims: readonly Claim[]): void {
  const rows = claims.map(({ what, is, atMost, unit = "" }) => ({
    what,
    cells: [
      `${decimal(is)}${unit && ` ${unit}`}`,
      `${decimal(atMost)}${unit && ` ${unit}`}`,
      is <= atMost ? "yes" : "NO",
    ],
  }));
  printTable("Aims", ["is", "at most", "reached"], rows);
}

/** Two digits behind the point for what is small, one or none for what is larger. */
export function decimal(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);
}
