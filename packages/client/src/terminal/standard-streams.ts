import { fstatSync, write, writeSync } from "node:fs";
import type { Input, Messages, Output } from "../io.ts";

// Standard input, output and error of this process. To open `process.stdout` or to load `node:tty` costs some
// milliseconds, which a command that prints one password to a pipe need not pay.

export const standardInput: Input = {
  get isTerminal() {
    return isTerminal(0);
  },
  chunks: () => Bun.stdin.stream(),
};

export const standardOutput: Output = {
  get isTerminal() {
    return isTerminal(1);
  },
  async bytes(data) {
    for (let rest = Buffer.from(data); rest.length > 0; ) rest = rest.subarray(await writeSome(rest));
  },
};

export const standardError: Messages = {
  get isTerminal() {
    return isTerminal(2);
  },
  write(text) {
    try {
      writeSync(2, text);
    } catch {
      // Nobody is there to be told.
    }
  },
};

function isTerminal(fd: number): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(fd);
}

/** How long to wait before a pipe that takes no more at the moment is tried again, in milliseconds. */
const glance = 5;

/** What every pipe takes at once, in bytes (POSIX, PIPE_BUF). */
const atOnce = 4096;

/** The number of bytes that were written: a large part off the main thread, so that a slow reader stops no signal. */
function writeSome(data: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    if (data.length <= atOnce) {
      try {
        resolve(writeSync(1, data));
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
    }
    write(1, data, (error, count) => {
      if (error === null) resolve(count);
      else if (error.code === "EAGAIN") setTimeout(resolve, glance, 0);
      else reject(error);
    });
  });
}
