import { Problem } from "@pstore/core/problem";

/** A word of a command line. */
export interface Word {
  readonly text: string;
  /** Where it stands, as `FILE:LINE`; `null`: on the command line itself. */
  readonly place: string | null;
}

/** Runs a step that may find fault with a word: the problem then says in which file and line. */
export function inPlace<T>({ place }: Word, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (place === null || !(error instanceof Problem)) throw error;
    throw new Problem(error.code, `${place}: ${error.message}`, { cause: error });
  }
}
