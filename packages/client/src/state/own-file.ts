import { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makePrivate } from "./folders.ts";

// Files beside the session, which need not outlive a login: whoever misses one asks the server again.

/**
 * The text of a file that belongs to this user: under another's session, a command would act for that other.
 * @throws Error when it is not there, or not ours
 */
export function readOwn(path: string): string {
  const fd = openSync(path, "r");
  try {
    if (fstatSync(fd).uid !== process.getuid?.()) throw new Error(`${path} is not ours`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/** Puts a file of mode 0600 in its place, whole; where that cannot be done, it is left as it was. */
export function writeOwn(path: string, text: string): void {
  const fresh = `${path}.${process.pid}`;
  try {
    makePrivate(dirname(path));
    writeFileSync(fresh, text, { mode: 0o600, flag: "wx" });
    renameSync(fresh, path);
  } catch {
    removeOwn(fresh);
  }
}

/** Removes a file if it can: with `force`, a folder that may not be entered would still end the command. */
export function removeOwn(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next command takes another way, or is refused and signs in.
  }
}
