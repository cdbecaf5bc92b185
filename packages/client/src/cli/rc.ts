import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { join } from "node:path";
import { Problem } from "@pstore/core/problem";
import { noRc, parseRc, type Rc } from "./rc-words.ts";

/** What messages call the file. */
const shown = "~/.pstorerc";

/**
 * The default arguments in `~/.pstorerc`. No file, or one that cannot be read: none.
 * @param home the user's home folder
 * @param warn told what is wrong with the file, where the command goes on all the same
 * @throws Problem `usage` with file and line when a word is malformed, `local-fault` when the file is somebody else's
 */
export function readRc(home: string | undefined, warn: (text: string) => void): Rc {
  if (!home) return noRc;
  let bytes: Uint8Array;
  try {
    // A named pipe would be waited for.
    const fd = openSync(
      join(home, ".pstorerc"),
      constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
    try {
      const status = fstatSync(fd);
      if (!status.isFile() && !status.isDirectory()) {
        warn(`${shown} is no ordinary file, and is left out; remove it`);
        return noRc;
      }
      if (status.isFile()) checkRights(status, warn);
      bytes = readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return noRc;
    if (error instanceof Problem || code === undefined) throw error;
    warn(`${shown} cannot be read (${code}), and is left out; mend its permissions or remove it`);
    return noRc;
  }
  return parseRc(asText(bytes), shown);
}

/** Whoever may change the file can point the client to another store, or make it write where they like. */
function checkRights(status: Stats, warn: (text: string) => void): void {
  const own = process.geteuid?.() ?? status.uid;
  if (status.uid !== own && status.uid !== 0) {
    throw new Problem(
      "local-fault",
      `${shown} belongs to another user (uid ${status.uid}), who could point pstore elsewhere with it; make it your own, or remove it`,
    );
  }
  if ((status.mode & 0o022) !== 0) {
    warn(`${shown} can be changed by others, who could point pstore elsewhere with it: chmod 600 ${shown}`);
  } else if ((status.mode & 0o044) !== 0 && status.uid === own) {
    warn(`${shown} can be read by others: chmod 600 ${shown}`);
  }
}

function asText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new Problem("usage", `${shown} is no UTF-8 text; save it as such`, { cause: error });
  }
}
