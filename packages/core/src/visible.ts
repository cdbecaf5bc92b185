/**
 * What a terminal would act upon instead of showing it: control characters (C0, C1, DEL), and those that reorder or
 * hide text (Unicode's format characters, line and paragraph separators). A tab and a line feed are harmless.
 */
const acting = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text as a terminal may show it: what would act upon the terminal stands as `\u{HEX}`. */
export function visible(text: string): string {
  return text.replace(acting, escaped);
}

/** The same for a text that must stay on one line: line feeds are escaped too. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n");
}

/** The same with everything escaped but printable ASCII: where a letter that looks like another would mislead. */
export function asciiLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, escaped);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
