import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { constants } from "node:os";
import { basename, dirname, join } from "node:path";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { unwritable } from "./streams.ts";

const interruptions = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Makes a new file of mode 0600 that is there complete and for good, or not at all: also when the program is interrupted.
 * It never takes the place of another.
 * @param make fills the empty file that it is given; what else it makes, it makes beside that
 * @param belongsToFolder whether root gives it to whoever owns the folder, as SQLite does with what it makes
 * @throws Problem `conflict` when there is something at the path, `local-fault` when it cannot be written
 */
export async function makeNewFile<T>(
  path: string,
  make: (part: string) => Promise<T>,
  { belongsToFolder = false } = {},
): Promise<T> {
  const name = asciiLine(path);
  if (attempt(name, () => readdirSync(dirname(path))).includes(basename(path))) throw taken(name);
  removeDead(path);
  // A folder of its own, for what is made beside the file has the same bytes in it.
  const folder = partOf(path, process.pid);
  const part = join(folder, "part");
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const interrupted = (signal: NodeJS.Signals) => {
    remove();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of interruptions) process.once(signal, interrupted);
  try {
    attempt(name, () => {
      mkdirSync(folder, { mode: 0o700 });
      closeSync(openSync(part, "wx", 0o600));
    });
    const made = await make(part);
    attempt(name, () => {
      sync(part, belongsToFolder && process.getuid?.() === 0 ? statSync(dirname(path)) : null);
      putInPlace(part, path);
    });
    return made;
  } finally {
    remove();
    for (const signal of interruptions) process.off(signal, interrupted);
    // After the removal, which is to last as well.
    if (existsSync(path)) attempt(name, () => sync(dirname(path)));
  }
}

/** Gives a file its name, unless another has it by now. */
function putInPlace(part: string, path: string): void {
  try {
    linkSync(part, path);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    // Some file systems have no second names: there the name is taken first.
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(code)) throw error;
    closeSync(openSync(path, "wx", 0o600));
    renameSync(part, path);
  }
}

function sync(path: string, owner: { uid: number; gid: number } | null = null): void {
  const fd = openSync(path, "r");
  try {
    if (owner !== null) fchownSync(fd, owner.uid, owner.gid);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function partOf(path: string, pid: number | string): string {
  return `${path}.${pid}.part`;
}

/** Removes what was left by programs that were killed while they made the same file. */
function removeDead(path: string): void {
  for (const name of readdirSync(dirname(path))) {
    const [, pid = ""] = /\.(\d+)\.part$/.exec(name) ?? [];
    if (name !== basename(partOf(path, pid)) || lives(Number(pid))) continue;
    rmSync(join(dirname(path), name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function taken(name: string): Problem {
  return new Problem(
    "conflict",
    `there is something at ${name} already, and nothing is overwritten; give another path or move it away`,
  );
}

function attempt<T>(name: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "EEXIST" ? taken(name) : unwritable(name, code);
  }
}
