import { fstatSync, readFileSync, write, writeSync } from "node:fs";
import { Problem } from "@pstore/core/problem";
import type { Input, Messages, Output } from "../io.ts";
import { NobodyReads } from "./nobody-reads.ts";

// Standard input, output and error of this process. To open `process.stdout` or to load `node:tty` costs some
// milliseconds, which a command that prints one password to a pipe need not pay.

export const standardInput: Input = {
  get isTerminal() {
    return isTerminal(0);
  },
  async *chunks() {
    if (wasClosed(0)) throw new Problem("local-fault", "standard input is closed; redirect it (<) or type");
    for await (const chunk of Bun.stdin.stream()) {
      await unlessHeld();
      yield chunk;
    }
    await unlessHeld();
  },
};

let isHeld = false;

/**
 * Lets nobody see more of standard input, nor its end. Ctrl-C ends the program in front of us in a pipe as well, and what
 * it has written until then is no whole value.
 */
export function holdInput(): void {
  isHeld = true;
}

function unlessHeld(): Promise<void> | undefined {
  return isHeld ? new Promise(() => {}) : undefined;
}

export const standardOutput: Output = {
  get isTerminal() {
    return isTerminal(1);
  },
  /** @throws NobodyReads */
  async bytes(data) {
    if (data.length > 0) checkOutput();
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

let isChecked = false;

/** @throws Problem `local-fault` when what is printed would be lost */
function checkOutput(): void {
  if (isChecked) return;
  if (wasClosed(1))
    throw new Problem("local-fault", "standard output is closed; redirect it (>), or give -o FILE");
  isChecked = true;
}

/**
 * Whether a stream was closed when the program was started. Bun then puts /dev/null in its place, marked to be closed
 * on exec, which nothing that was inherited can be (Linux, proc(5), fdinfo; O_CLOEXEC is 02000000).
 */
function wasClosed(fd: number): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false;
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & 0o2000000) !== 0;
  } catch {
    // Other systems do not tell.
    return false;
  }
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
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw faultOfOutput(error);
      }
    }
    write(1, data, (error, count) => {
      if (error === null) resolve(count);
      else if (error.code === "EAGAIN") setTimeout(resolve, glance, 0);
      else reject(faultOfOutput(error));
    });
  });
}

function faultOfOutput(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code === "EPIPE" ? new NobodyReads() : error;
}
