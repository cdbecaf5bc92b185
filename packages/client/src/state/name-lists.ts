import { join } from "node:path";
import { readOwn, writeOwn } from "./own-file.ts";

/** Names that the server gave, for completion alone: nothing of them was verified. */
export interface NameList {
  readonly names: readonly string[];
  /** When the server was asked, in milliseconds since 1970. */
  readonly asked: number;
}

type Row = readonly [question: string, asked: number, names: readonly string[]];

/** How many lists are kept: those of so many machines. */
const most = 200;

/**
 * The lists of names that a user's completion got from a store, in a file of mode 0600 beside the session. Of two
 * shells that write at once, the one that comes last wins: what is lost is asked for again.
 */
export class NameLists {
  readonly #path: string;

  constructor(folder: string, store: string, user: string) {
    this.#path = join(folder, "names", `${store}-${user}`);
  }

  /** What was last kept for a question, however old; `null` where there is nothing to believe. */
  read(question: string): NameList | null {
    const row = this.#rows().find(([kept]) => kept === question);
    return row === undefined ? null : { asked: row[1], names: row[2] };
  }

  /** Keeps lists in place of those of the same questions. */
  write(lists: ReadonlyMap<string, NameList>): void {
    const fresh = [...lists].map(([question, { asked, names }]): Row => [question, asked, names]);
    const others = this.#rows().filter(([question]) => !lists.has(question));
    const rows = [...fresh, ...others].sort((a, b) => b[1] - a[1]).slice(0, most);
    writeOwn(this.#path, JSON.stringify(rows));
  }

  #rows(): readonly Row[] {
    try {
      const rows: unknown = JSON.parse(readOwn(this.#path));
      return Array.isArray(rows) ? rows.filter(isRow) : [];
    } catch {
      return [];
    }
  }
}

function isRow(value: unknown): value is Row {
  if (!Array.isArray(value)) return false;
  const [question, asked, names] = value;
  return (
    typeof question === "string" &&
    typeof asked === "number" &&
    Array.isArray(names) &&
    names.every((name) => typeof name === "string")
  );
}
