import { Problem } from "@pstore/core/problem";
import type { Word } from "./word.ts";

/** The words of a `.pstorerc`. */
export interface Rc {
  /** Those above the first section, which always hold. */
  readonly common: readonly Word[];
  /** Context → the words of its section, or of all sections of that name. */
  readonly sections: ReadonlyMap<string, readonly Word[]>;
}

export const noRc: Rc = { common: [], sections: new Map() };

const section = /^\s*\[([^[\]]*)\]\s*(?:\s#.*)?$/s;
const context = /^[\p{L}\p{N}._@][\p{L}\p{N}._@-]*$/u;

/**
 * Reads words as a shell does (POSIX.1-2017, Shell Command Language 2.2 and 2.3), but expands nothing: they are separated
 * by white space, `#` at the start of one begins a comment, quotes and backslashes keep what they keep there. `[CONTEXT]`
 * on a line of its own begins a section. A line feed in quotes is refused: it is a quote that somebody forgot to close.
 * @param file what messages call the file
 * @throws Problem `usage` with file and line
 */
export function parseRc(text: string, file: string): Rc {
  const common: Word[] = [];
  const sections = new Map<string, Word[]>();
  let words = common;
  let open: Word | null = null;
  let isContinued = false;
  for (const [index, line] of text
    .replace(/^\ufeff/, "")
    .split("\n")
    .entries()) {
    const place = `${file}:${index + 1}`;
    if (!isContinued && /^\s*\[/.test(line)) {
      const name = contextOf(line, place);
      words = sections.get(name) ?? [];
      sections.set(name, words);
      continue;
    }
    const read = wordsOf(line, place, open);
    words.push(...read.words);
    open = read.open;
    isContinued = read.isContinued;
  }
  if (isContinued) throw fault(`${file}:${text.split("\n").length}`, "a backslash ends the file; remove it");
  return { common, sections };
}

function contextOf(line: string, place: string): string {
  const name = section.exec(line)?.[1]?.trim();
  if (name === undefined)
    throw fault(
      place,
      "a line that begins with [ is a section, as [CONTEXT] alone; quote a word that begins so",
    );
  if (!context.test(name))
    throw fault(place, `'${name}' cannot name a context; use letters, digits, '.', '_', '@' and '-'`);
  return name;
}

/** What a line holds; a word that a backslash at the end of the line keeps open goes on in the next. */
function wordsOf(line: string, place: string, before: Word | null) {
  const words: Word[] = [];
  let open = before;
  let rest = line;
  const take = (pattern: RegExp): string | null => {
    const found = pattern.exec(rest);
    if (found === null) return null;
    rest = rest.slice(found[0].length);
    return found[1] ?? "";
  };
  const add = (text: string) => {
    open = { text: (open?.text ?? "") + text, place: open?.place ?? place };
  };
  while (rest !== "") {
    if (take(/^\\\r?$/) !== null) return { words, open, isContinued: true };
    if (take(/^\s+/) !== null || (open === null && take(/^#.*/s) !== null)) {
      if (open !== null) words.push(open);
      open = null;
      continue;
    }
    const plain = take(/^([^\s'"\\]+)/) ?? take(/^\\(.)/s) ?? take(/^'([^']*)'/);
    const quoted = plain ?? take(/^"((?:[^"\\]|\\.)*)"/s)?.replace(/\\([\\"$`])/g, "$1");
    if (quoted === undefined) throw fault(place, `a quote (${rest[0]}) is not closed on its line`);
    add(quoted);
  }
  if (open !== null) words.push(open);
  return { words, open: null, isContinued: false };
}

function fault(place: string, sentence: string): Problem {
  return new Problem("usage", `${place}: ${sentence}`);
}
