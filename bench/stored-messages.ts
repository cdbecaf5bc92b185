// Passwords as ordinary OpenPGP messages, in files: what gpg alone is timed with.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { storedMessage } from "@pstore/e2e/support/stored-message";
import type { Team, User } from "@pstore/e2e/support/team";

/** Writes the passwords of machines for one of their readers. @returns the files, below the reader's home, in this order */
export async function writeMessages(team: Team, user: User, machines: readonly string[]): Promise<string[]> {
  const folder = join(user.home, "messages");
  await mkdir(folder);
  const files: string[] = [];
  for (const name of machines) {
    const file = join(folder, `${name}.gpg`);
    await writeFile(file, storedMessage(team.server.database, name, "password", user.fingerprint).message);
    files.push(file);
  }
  return files;
}
