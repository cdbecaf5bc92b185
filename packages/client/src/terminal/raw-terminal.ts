import { constants, openSync, readSync, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { ReadStream } from "node:tty";
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
  static open(): RawTerminal | null {
    try {
      return new RawTerminal(openSync("/dev/tty", constants.O_RDWR | constants.O_NONBLOCK));
    } catch {
      return null;
    }
  }

  private constructor(fd: number) {
    this.#fd = fd;
    this.#mode = new ReadStream(fd);
    process.once("exit", this.#leave);
    process.on("SIGCONT", this.#continue);
    process.on("SIGTSTP", this.#stopAlone);
    this.#mode.setRawMode(true);
  }

  /** Gives the terminal back, with the cursor on a new line. */
  close(): void {
    process.off("exit", this.#leave);
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
        // The shell has set the mode meanwhile, and the stream does not know.
        this.#mode.setRawMode(false);
        this.#mode.setRawMode(true);
        return "asked-again";
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

  readonly #leave = (): void => {
    try {
      this.#mode.setRawMode(false);
    } catch {
      // A terminal that is gone has no mode.
    }
    this.write("\n");
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
    const { promise, resolve } = Promise.withResolvers<void>();
    process.once("SIGCONT", resolve);
    process.kill(whom, "SIGTSTP");
    // Where nobody could continue it, the system stops no process: then the question is asked again at once.
    await Promise.race([promise, pause(patience)]);
    process.off("SIGCONT", resolve);
    process.on("SIGTSTP", this.#stopAlone);
    this.#wasStopped = true;
  }
}
