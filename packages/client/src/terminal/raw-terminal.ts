import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { isInForeground } from "./foreground.ts";
import { type Key, Keys } from "./keys.ts";

/** How often the keyboard is looked at, in milliseconds. */
const glance = 15;

/** How long the rest of an escape sequence may take to come, in milliseconds. */
const patience = 100;

/** What was typed behind the answer to a question: it answers the next one. */
const typedAhead: Key[] = [];

/**
 * The controlling terminal, read key by key and without echo. However the process ends or is stopped, the terminal is
 * left as it was found.
 */
export class RawTerminal {
  readonly #fd: number;
  /** It sets the mode only. A read that still waits when the question is answered would take keys from pinentry. */
  readonly #mode: ReadStream;
  readonly #keys = new Keys();
  #wasStopped = false;

  /** The terminal, or `null` where there is none. */
  static async open(): Promise<RawTerminal | null> {
    let terminal: RawTerminal;
    try {
      terminal = new RawTerminal(openSync("/dev/tty", constants.O_RDWR | constants.O_NONBLOCK));
    } catch {
      return null;
    }
    if (await terminal.#enter()) return terminal;
    terminal.close();
    return null;
  }

  private constructor(fd: number) {
    this.#fd = fd;
    this.#mode = new ReadStream(fd);
    process.once("exit", this.#exit);
    process.on("SIGCONT", this.#continue);
    process.on("SIGTSTP", this.#stopAlone);
  }

  /** Gives the terminal back, with the cursor on a new line. */
  close(): void {
    process.off("exit", this.#exit);
    process.off("SIGCONT", this.#continue);
    process.off("SIGTSTP", this.#stopAlone);
    this.#leave();
    this.#mode.destroy();
  }

  write(text: string): void {
    try {
      writeSync(this.#fd, text);
    } catch {
      // It is gone, and reading will tell.
    }
  }

  /** The next key; `asked-again` after the process was stopped and continued, `null` when the terminal is gone. */
  async key(): Promise<Key | "asked-again" | null> {
    const buffer = new Uint8Array(256);
    for (let idle = 0; ; idle += glance) {
      if (this.#wasStopped) {
        this.#wasStopped = false;
        typedAhead.length = 0;
        return (await this.#enter()) ? "asked-again" : null;
      }
      const key = typedAhead.shift();
      if (key === "suspend") await this.#stop(0);
      else if (key !== undefined) return key;
      else {
        if (idle >= patience) this.#keys.settle();
        const count = this.#read(buffer);
        if (count === 0) return null;
        if (count === null) await pause(glance);
        else {
          typedAhead.push(...this.#keys.read(buffer.subarray(0, count)));
          idle = 0;
        }
      }
    }
  }

  /** The number of bytes read, 0 when the terminal is gone, `null` when no key was pressed. */
  #read(buffer: Uint8Array): number | null {
    try {
      return readSync(this.#fd, buffer);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === "EAGAIN" || code === "EINTR" ? null : 0;
    }
  }

  /** Sets the mode, in the foreground: elsewhere the job is stopped until it is there. @returns whether that came */
  async #enter(): Promise<boolean> {
    while (!isInForeground()) {
      // It may be continued so that it can end, by a signal whose turn comes.
      await pause(glance);
      if (!isInForeground() && !(await stopped(0, "SIGTTIN"))) return false;
    }
    this.#wasStopped = false;
    try {
      // The shell may have set the mode meanwhile, and the stream does not know.
      this.#mode.setRawMode(false);
      this.#mode.setRawMode(true);
    } catch {
      return false;
    }
    return true;
  }

  readonly #leave = (): void => {
    // In the background, the shell has set the mode by itself.
    if (!isInForeground()) return;
    try {
      this.#mode.setRawMode(false);
    } catch {
      // A terminal that is gone has no mode.
    }
    this.write("\n");
  };

  readonly #exit = (): void => {
    this.#leave();
    // Else Bun sets the mode too when all else is over, in the background as well.
    closeSync(this.#fd);
  };

  readonly #continue = (): void => {
    this.#wasStopped = true;
  };

  readonly #stopAlone = (): void => {
    void this.#stop(process.pid);
  };

  /** Stops as a program does that knows nothing of it. @param whom 0: with all of the job, as Ctrl-Z does */
  async #stop(whom: number): Promise<void> {
    this.#leave();
    process.off("SIGTSTP", this.#stopAlone);
    await stopped(whom, "SIGTSTP");
    process.on("SIGTSTP", this.#stopAlone);
    this.#wasStopped = true;
  }
}

/** Stops. @returns whether it was continued: where nobody could do that, the system stops no process */
async function stopped(whom: number, signal: "SIGTSTP" | "SIGTTIN"): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<true>();
  const wasContinued = () => resolve(true);
  process.once("SIGCONT", wasContinued);
  process.kill(whom, signal);
  const answer = await Promise.race([promise, pause(patience, false)]);
  process.off("SIGCONT", wasContinued);
  return answer;
}
