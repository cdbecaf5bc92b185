// A program at a real terminal: a pty that is its controlling terminal, so `/dev/tty` and Ctrl-C work too.
import { type Environment, environment } from "./process.ts";

export interface TerminalOptions {
  readonly env?: Environment;
  /** The working folder. Default: `/`. */
  readonly cwd?: string;
  /** Width and height in characters. Default: 80 × 24. */
  readonly columns?: number;
  readonly rows?: number;
  /** Milliseconds that {@link TerminalSession.waitFor} waits at most. Default: 30,000. */
  readonly timeout?: number;
}

export interface TerminalExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Everything that appeared on the terminal, as it came: lines end with `\r\n`. */
  readonly output: string;
}

interface Waiter {
  readonly pattern: string | RegExp;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

/** `ECHO` of `c_lflag` in Linux' termios. */
const ECHO = 0o10;

export class TerminalSession {
  /** Resolves when the program has ended and everything that it wrote has been read. */
  readonly exit: Promise<TerminalExit>;
  readonly #child: Bun.Subprocess;
  readonly #timeout: number;
  readonly #decoder = new TextDecoder();
  #output = "";
  /** Where the next {@link waitFor} begins to look. */
  #seen = 0;
  #waiter: Waiter | undefined;
  #ended = false;

  constructor(argv: readonly string[], options: TerminalOptions) {
    this.#timeout = options.timeout ?? 30_000;
    const hungUp = Promise.withResolvers<void>();
    this.#child = Bun.spawn([...argv], {
      env: environment({ TERM: "xterm-256color" }, options.env ?? {}),
      cwd: options.cwd ?? "/",
      terminal: {
        cols: options.columns ?? 80,
        rows: options.rows ?? 24,
        data: (_terminal, bytes) => this.#append(bytes),
        exit: () => hungUp.resolve(),
      },
    });
    this.exit = this.#finish(hungUp.promise);
  }

  /** Everything that has appeared so far, echo included. */
  get output(): string {
    return this.#output;
  }

  /** Whether the terminal would now show what is typed. */
  get echoes(): boolean {
    return ((this.#child.terminal?.localFlags ?? 0) & ECHO) !== 0;
  }

  /**
   * Waits until a text appears after what the last call found.
   *
   * @returns what appeared since then, up to and including the text
   * @throws Error with all output when the program ends, or the time runs out, without it
   */
  waitFor(pattern: string | RegExp): Promise<string> {
    if (this.#waiter !== undefined)
      throw new Error("There is one waitFor at a time: await the last one first.");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiter = undefined;
        reject(new Error(`No ${pattern} within ${this.#timeout} ms in: ${JSON.stringify(this.#output)}`));
      }, this.#timeout);
      this.#waiter = {
        pattern,
        resolve: (text) => {
          clearTimeout(timer);
          resolve(text);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#look();
    });
  }

  /** Types keys: `\r` is the Enter key, `\x03` Ctrl-C, `\x04` Ctrl-D. */
  type(keys: string | Uint8Array<ArrayBuffer>): void {
    this.#child.terminal?.write(keys);
  }

  /** Gives the terminal another size, in characters. */
  resize(columns: number, rows: number): void {
    this.#child.terminal?.resize(columns, rows);
  }

  /** Takes the terminal away, as closing its window does. */
  hangUp(): void {
    this.#child.terminal?.close();
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  #append(bytes: Uint8Array): void {
    this.#output += this.#decoder.decode(bytes, { stream: true });
    this.#look();
  }

  #look(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const rest = this.#output.slice(this.#seen);
    const end =
      typeof waiter.pattern === "string"
        ? endOf(rest.indexOf(waiter.pattern), waiter.pattern.length)
        : endOf(rest.search(waiter.pattern), waiter.pattern.exec(rest)?.[0].length ?? 0);
    if (end !== undefined) {
      this.#seen += end;
      this.#waiter = undefined;
      waiter.resolve(rest.slice(0, end));
    } else if (this.#ended) {
      this.#waiter = undefined;
      waiter.reject(
        new Error(`The program ended without ${waiter.pattern}: ${JSON.stringify(this.#output)}`),
      );
    }
  }

  async #finish(hungUp: Promise<void>): Promise<TerminalExit> {
    await this.#child.exited;
    // A child that outlives the program may keep the terminal open for ever.
    await Promise.race([hungUp, Bun.sleep(1000)]);
    this.#child.terminal?.close();
    this.#ended = true;
    this.#look();
    const { exitCode, signalCode } = this.#child;
    return { code: exitCode, signal: signalCode === null ? null : String(signalCode), output: this.#output };
  }
}

const endOf = (start: number, length: number) => (start < 0 ? undefined : start + length);

/** Starts a program at a terminal of its own. */
export function openTerminal(argv: readonly string[], options: TerminalOptions = {}): TerminalSession {
  return new TerminalSession(argv, options);
}
