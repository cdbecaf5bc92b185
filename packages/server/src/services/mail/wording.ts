import { visibleLine } from "@pstore/core/visible";
import type { Actor } from "../audit.ts";

/** Mail programs show so many characters without breaking a line anew (RFC 5322, section 2.1.1, advises 78 at most). */
const width = 72;
/** A list shows at most so many names. */
export const longestList = 20;

/** A text of paragraphs and commands. */
export function bodyOf(...parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** A sentence or more, broken into lines at its spaces. */
export function paragraph(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.join("\n");
}

/** What is to be copied or compared: lines of their own, never broken. */
export function indented(lines: readonly string[]): string {
  return lines.map((line) => `    ${visibleLine(line)}`).join("\n");
}

/** A name that anybody may have chosen: it stays on its line, and shows what it is made of. */
export function quoted(name: string): string {
  return `'${visibleLine(name)}'`;
}

/** The first of so many names, and how many more there are. @param names {@link longestList} of them, or all */
export function listed(names: readonly string[], count: number): string {
  const shown = names.map(quoted).join(", ");
  const more = count - names.length;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** `1 machine`, `2 machines` */
export function machines(count: number): string {
  return count === 1 ? "1 machine" : `${count} machines`;
}

/** For example `2026-11-23 16:30:57 UTC`. */
export function moment(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Who did something, for the middle of a sentence. */
export function doer({ userName }: Actor): string {
  return visibleLine(userName.replace(/^cli:/, ""));
}

/** When and from where something was done, for the end of a sentence. */
export function whenAndWhere({ address, userName }: Actor, time: Date): string {
  const where =
    address === "cli" || userName.startsWith("cli:")
      ? "with a command of pstore-server on the server's own host"
      : `from ${visibleLine(address)}`;
  return `at ${moment(time)}, ${where}`;
}
