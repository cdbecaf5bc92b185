import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The longest folder in which gpg-agent's socket paths still fit into the 108 bytes of a `sockaddr_un`. */
const LONGEST = 60;

/** Makes an empty folder, mode 0700, with a path short enough for GnuPG's sockets. Whoever asks removes it. */
export function createFolder(): Promise<string> {
  const parent = tmpdir().length <= LONGEST ? tmpdir() : "/tmp";
  return mkdtemp(join(parent, "p-"));
}

/** The same where another user, too, may get to: the parent of the others is closed while all tests run. */
export function createFolderForOthers(): Promise<string> {
  return mkdtemp("/tmp/p-");
}
