import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { readSshKey, type SshKey } from "@pstore/core/ssh/public-key";
import { readUpTo } from "./private-file.ts";

/** The most that is read, in bytes. */
const largest = 64 * 1024;

/** The public key in a file that may be there. What is none, or no file, is passed over: no pipe is waited for. */
export async function readPublicFile(path: string): Promise<SshKey | null> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
    const bytes = (await file.stat()).isFile() ? await readUpTo(file, largest) : null;
    return bytes === null ? null : readSshKey(bytes.toString("utf8"));
  } catch {
    return null;
  } finally {
    await file?.close();
  }
}
