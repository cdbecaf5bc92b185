/** A word as a POSIX shell reads it: for commands that are shown to be copied, with names that anybody may have chosen. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@+^-][A-Za-z0-9_./:@+^=,%-]*$/.test(text)
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}
