// A machine on which GnuPG is not installed.
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "./executables.ts";
import type { Environment } from "./process.ts";

/** What is found there: what tests and the client run. */
const programs = [
  "sh",
  "bash",
  "env",
  "cat",
  "printf",
  "true",
  "test",
  "chmod",
  "rm",
  "mkdir",
  "stty",
  "tty",
];
const ofSsh = ["ssh", "ssh-keygen", "ssh-agent", "ssh-add"];

/** Makes a folder of programs in a home, without any of GnuPG, and answers the environment in which it is all there is. */
export async function withoutGpg(home: string): Promise<Environment> {
  const folder = join(home, "bin");
  await mkdir(folder);
  for (const name of [...programs, ...ofSsh]) {
    const path = Bun.which(name);
    if (path !== null) await symlink(path, join(folder, name));
  }
  await symlink(pstore, join(folder, "pstore"));
  return { PATH: folder };
}
