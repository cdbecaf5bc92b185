// Help texts as the server's commands have them: paragraphs, and lists of a word at the left with its meaning behind it.
import { definitions, prose, term } from "./mdoc.ts";

/** Where the meaning of an option stands, in columns. */
const column = 23;

interface Row {
  readonly term: string;
  readonly meaning: string[];
}

/** A help text in mdoc(7). */
export function blocks(text: string): string {
  const made: string[] = [];
  let rows: Row[] = [];
  let words: string[] = [];
  const end = () => {
    if (rows.length > 0)
      made.push(definitions(rows.map((row) => [term(row.term), prose(row.meaning.join(" "))])));
    if (words.length > 0) made.push(`.Pp\n${prose(words.join(" "))}`);
    rows = [];
    words = [];
  };
  for (const line of text.split("\n")) {
    const row = rowOf(line);
    const last = rows.at(-1);
    if (row !== null) {
      if (words.length > 0) end();
      rows.push(row);
    } else if (line.trim() === "") {
      end();
    } else if (line.startsWith("    ") && last !== undefined) {
      last.meaning.push(line.trim());
    } else {
      words.push(line.trim());
    }
  }
  end();
  return made.join("\n");
}

/** A line that begins a row of a list: an option, or a word with two blanks behind it. */
function rowOf(line: string): Row | null {
  if (/^ {2}\S/.test(line)) {
    const isApart = line[column - 1] === " " || line.length < column;
    const at = isApart ? column : line.length;
    return { term: line.slice(0, at).trim(), meaning: [line.slice(at).trim()].filter((part) => part !== "") };
  }
  const [, word, meaning] = /^([a-z]+) {2,}(\S.*)$/.exec(line) ?? [];
  return word === undefined || meaning === undefined ? null : { term: word, meaning: [meaning] };
}
