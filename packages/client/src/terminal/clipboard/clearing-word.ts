/**
 * The argument with which the program starts itself to clear the clipboard. It is no option: nobody but the program
 * itself has a use for it.
 */
export const clearingWord = "--clear-clipboard";

export function isClearing(argv: readonly string[]): boolean {
  return argv.length === 1 && argv[0] === clearingWord;
}
