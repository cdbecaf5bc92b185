/**
 * One row of a CSV file (RFC 4180), in which no cell can be run as a formula.
 *
 * Spreadsheets run a cell that begins with `=`, `+`, `-` or `@`, some also behind blanks or quotes; and what begins a
 * cell depends on what the reader takes for a separator, whatever we mean by it (OWASP, "CSV injection"). So an
 * apostrophe stands in front of each place where such a cell could begin, which makes text of it.
 */
export function csvRow(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(harmless(cell))).join(",")}\r\n`;
}

/** At the start of a cell, or behind what another reader separates cells or rows by: blanks and quotes, then a formula. */
const formula = /(?<=^|[;|\t\r\n])(?=[\s"'`\u200b\ufeff]*[=+\-@＝＋－＠])/g;

function harmless(cell: string): string {
  const text = cell.replace(formula, "'");
  return /^[\t\r\n]/.test(text) ? `'${text}` : text;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) || cell !== cell.trim() ? `"${cell.replaceAll('"', '""')}"` : cell;
}
