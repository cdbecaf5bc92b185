import { fstatSync, write, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { Problem } from "@pstore/core/problem";

/** Whoever reads what the program prints has closed it: there is nobody to tell. */
export class NobodyReads extends Error {}

/** How long to wait before a pipe that takes no more at the moment is tried again, in milliseconds. */
const glance = 5;

/**
 * Writes all of a text to an open file.
 * @param what its name, for the sentence
 * @throws NobodyReads, Problem `local-fault` when it cannot be written
 */
export function writeAll(fd: number, text: string, what: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") throw new NobodyReads();
      if (code === "EAGAIN") Bun.sleepSync(glance);
      else if (code !== "EINTR") throw unwritable(what, code);
    }
  }
}

const writeSome = promisify(write);

/** Writes all of a text to standard error; meanwhile, however long its reader takes, the program goes on. */
export async function tellSoon(text: string): Promise<void> {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    try {
      rest = rest.subarray((await writeSome(2, rest)).bytesWritten);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN") await pause(glance);
      else if (code !== "EINTR") throw error;
    }
  }
}

/** Why something cannot be written, as an error for people. */
export function unwritable(what: string, code: string | undefined): Problem {
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new Problem(
    "local-fault",
    full
      ? `${what} could not be written to its end: the disk is full; make room and repeat the command`
      : `${what} cannot be written (${code}); mend that and repeat the command`,
  );
}

/** Writes what is for people; where nobody is there to be told, that stops nothing. */
export function tell(text: string): void {
  try {
    writeAll(2, text, "standard error");
  } catch {}
}

export function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && isatty(fd);
  } catch {
    return false;
  }
}
