/**
 * The argument with which the program starts itself to clear the clipboard. It is no option: nobody but the program
 * itself has a use for it.
 */
export const clearingWord = "--clear-clipboard";

export function isClearing(argv: readonly string[]): boolean {
  return argv.length === 1 && argv[0] === clearingWord;
}

/** The longest text, in bytes, that is copied. */
export const longest = 1024 * 1024;

/** What is to be cleared. */
export interface Task {
  /** The name of the tool that reaches the clipboard; `null`: standard output is a terminal that does. */
  readonly tool: string | null;
  /** SHA-256 of the text, in hexadecimal: anything else is left where it is. */
  readonly digest: string;
  readonly seconds: number;
}
