import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Problem } from "@pstore/core/problem";
import { homePath, shellWord } from "@pstore/core/shell";

/** A file that only its owner should be able to read. */
export interface PrivateFile {
  /** What sentences call it: as it was given. */
  readonly shown: string;
  readonly path: string;
}

/** What a file should be, for sentences. */
export interface Wanted {
  /** "key file" */
  readonly noun: string;
  /** Where its name may stand: "--identity". */
  readonly namedBy: string;
}

/** A file that others may read or change. */
export class TooOpen extends Problem {
  /** Its name, as a shell reads it. */
  readonly file: string;

  constructor(mode: number, shown: string) {
    const octal = (mode & 0o777).toString(8).padStart(4, "0");
    const name = forShell(shown);
    super("no-private-key", `the permissions ${octal} of ${shown} are too open: chmod 600 ${name}`);
    this.file = name;
  }
}

/** A file as it was named, where `~/` is the home folder: in `.pstorerc`, and in a variable, no shell has expanded it. */
export function privateFile(named: string, home: string | undefined): PrivateFile {
  return { shown: named, path: homePath(named, home) };
}

/**
 * Reads a file that only its owner may read, or what a pipe gives: at most so many bytes.
 * @param what what it should be
 * @param isSecret whether others may not read what it holds; what is no secret at all is another mistake than its mode
 * @returns null when there are more
 * @throws Problem `no-private-key`, whose sentence says what to do
 */
export async function readPrivate(
  { shown, path }: PrivateFile,
  what: Wanted,
  most: number,
  isSecret: (bytes: Buffer) => boolean = () => true,
): Promise<Buffer | null> {
  let file: FileHandle | null = null;
  try {
    // A pipe is waited for, on a thread of its own, until somebody writes into it.
    file = await open(path, constants.O_RDONLY | constants.O_NOCTTY);
    const bytes = await readUpTo(file, most);
    if (bytes !== null && isSecret(bytes)) await checkRights(file, shown);
    return bytes;
  } catch (error) {
    throw error instanceof Problem ? error : unreadable(error as NodeJS.ErrnoException, what, shown);
  } finally {
    await file?.close();
  }
}

/** As ssh does: what others may read or change is refused where its owner can mend that (ssh_config(5), IdentityFile). */
async function checkRights(file: FileHandle, shown: string): Promise<void> {
  const status = await file.stat();
  if (!status.isFile() || status.uid !== process.geteuid?.() || (status.mode & 0o077) === 0) return;
  throw new TooOpen(status.mode, shown);
}

/** A file's name as a shell reads it, which expands a `~/` only outside of quotes. */
export function forShell(shown: string): string {
  return shown.startsWith("~/") ? `~/${shellWord(shown.slice(2))}` : shellWord(shown);
}

/** @returns null when there is more */
export async function readUpTo(file: FileHandle, most: number): Promise<Buffer | null> {
  const buffer = Buffer.alloc(most + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length > most ? null : buffer.subarray(0, length);
}

function unreadable({ code }: NodeJS.ErrnoException, { noun, namedBy }: Wanted, shown: string): Problem {
  const missing = `there is no ${noun} ${shown}; mend its name in ${namedBy}, or make it`;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: missing,
    ENOTDIR: missing,
    EISDIR: `${shown} is a folder; name the ${noun} in it`,
    EACCES: `the ${noun} ${shown} may not be read by you; name one of your own, of mode 600`,
  };
  const other = `the ${noun} ${shown} cannot be read (${code ?? "unknown"}); mend that, or name another one`;
  return new Problem("no-private-key", reasons[code ?? ""] ?? other);
}
