import { type Row, rows } from "./table.ts";

/** What a word in front of the cursor means to the scripts. */
interface Case {
  /** The patterns of the word. */
  readonly patterns: readonly string[];
  /** The kind of the argument that must follow as a word of its own. */
  readonly value: string | null;
  /** The words that may follow, see `follows`. */
  readonly takes: string | null;
  /** Something stands in the machine's place. */
  readonly isPattern: boolean;
  /** The word is handed on to lookups: as it is, or together with the argument that follows. */
  readonly handsOn: "word" | "pair" | null;
}

const cases: readonly Case[] = rows
  .flatMap((row) => (row.kind === null ? [whole(row)] : [whole(row), joined(row)]))
  .filter(
    ({ value, takes, isPattern, handsOn }) =>
      value !== null || takes !== null || isPattern || handsOn !== null,
  );

/** The option as a word of its own. */
function whole(row: Row): Case {
  const value = row.kind === null ? null : shownKind(row, row.kind);
  const handsOn = row.kind === null ? "word" : "pair";
  return { ...common(row), patterns: row.names, value, handsOn: row.isForLookups ? handsOn : null };
}

/** The option with its argument in the same word. */
function joined(row: Row): Case {
  const patterns = row.names.map((name) => (name.startsWith("--") ? `${name}=*` : `${name}?*`));
  return { ...common(row), patterns, value: null, handsOn: row.isForLookups ? "word" : null };
}

function common({ follows, isForMachine }: Row) {
  return { takes: follows, isPattern: isForMachine };
}

/** How the scripts name what an argument is completed with. */
function shownKind({ words }: Row, kind: string): string {
  return kind === "words" ? `words ${words.join(" ")}` : kind;
}

/** The arms of a `case` in the language that bash and zsh share. */
export function arms(): readonly string[] {
  return cases.map(({ patterns, value, takes, isPattern, handsOn }) => {
    const statements = [
      value === null ? "" : `value=${quoted(value)}`,
      takes === null ? "" : `takes=${quoted(takes)}`,
      isPattern ? "pattern=1" : "",
      handsOn === null ? "" : { word: 'store+=("$w")', pair: "handed=$w" }[handsOn],
    ];
    return `${patterns.join("|")}) ${statements.filter((statement) => statement !== "").join("; ")} ;;`;
  });
}

/** The cases of fish's `switch`. */
export function fishCases(): readonly string[] {
  return cases.flatMap(({ patterns, value, takes, isPattern, handsOn }) => {
    const statements = [
      value === null ? "" : `set value ${quoted(value)}`,
      takes === null ? "" : `set __pstore_takes ${quoted(takes)}`,
      isPattern ? "set pattern 1" : "",
      handsOn === null ? "" : { word: "set -a __pstore_store $w", pair: "set handed $w" }[handsOn],
    ];
    return [
      `case ${patterns.map((pattern) => (/[*?]/.test(pattern) ? quoted(pattern) : pattern)).join(" ")}`,
      ...statements.filter((statement) => statement !== "").map((statement) => `    ${statement}`),
    ];
  });
}

/** The arms of a `case` on what stands in front of `=`, which set `value`, for bash and zsh. */
export function valueArms(): readonly string[] {
  return rows.flatMap((row) => {
    const long = row.names.filter((name) => name.startsWith("--"));
    if (row.kind === null || row.kind === "text" || long.length === 0) return [];
    return [`${long.join("|")}) value=${quoted(shownKind(row, row.kind))} ;;`];
  });
}

/** A text without single quotes as one word of any of the shells. */
export function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `'${text}'`;
}
