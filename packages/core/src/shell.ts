/** A file as it was named, where `~/` is the home folder: in `.pstorerc`, and in a variable, no shell has expanded it. */
export function homePath(named: string, home: string | undefined): string {
  return named.startsWith("~/") && home ? `${home.replace(/\/+$/, "")}/${named.slice(2)}` : named;
}

/** A word as a POSIX shell reads it: for commands that are shown to be copied, with names that anybody may have chosen. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@+^-][A-Za-z0-9_./:@+^=,%-]*$/.test(text)
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}
