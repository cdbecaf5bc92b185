import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { constants } from "node:os";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { unwritable, writeAll } from "./streams.ts";

const interruptions = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Writes a file of mode 0600 that is there complete, or not at all: also when the program is interrupted.
 * @throws Problem `local-fault` when it cannot be written
 */
export async function writeWholeFile(
  path: string,
  print: (write: (text: string) => void) => Promise<void>,
): Promise<void> {
  const name = asciiLine(path);
  // Root could put a file in the place of /dev/null, for everybody.
  if (attempt(name, () => statSync(path, { throwIfNoEntry: false }))?.isFile() === false) {
    throw new Problem("local-fault", `${name} is there and no ordinary file; redirect the output to it (>)`);
  }
  const fresh = `${path}.${process.pid}.part`;
  const remove = () => rmSync(fresh, { force: true });
  const interrupted = (signal: NodeJS.Signals) => {
    remove();
    process.exit(128 + constants.signals[signal]);
  };
  const fd = attempt(name, () => openSync(fresh, "wx", 0o600));
  for (const signal of interruptions) process.once(signal, interrupted);
  try {
    await print((text) => writeAll(fd, text, name));
    attempt(name, () => {
      fsyncSync(fd);
      renameSync(fresh, path);
    });
  } catch (error) {
    remove();
    throw error;
  } finally {
    closeSync(fd);
    for (const signal of interruptions) process.off(signal, interrupted);
  }
}

function attempt<T>(name: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw unwritable(name, (error as NodeJS.ErrnoException).code);
  }
}
