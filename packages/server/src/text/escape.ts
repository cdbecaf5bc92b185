/** A text of a stranger, made safe to print in one line: what is not printable or ASCII stands as `\u{HEX}`. */
export function escapeText(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
