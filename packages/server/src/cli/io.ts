import type { Environment } from "../config.ts";

/** All that a command does with the world outside the database: so tests can run it in process. */
export interface Io {
  readonly env: Environment;
  /** Whether what is written to `stdout` is shown at a terminal. */
  readonly isTerminal: boolean;
  /**
   * Writes data.
   * @throws NobodyReads, Problem `local-fault` (see streams.ts)
   */
  stdout(text: string): void;
  /** Writes what is for people. */
  stderr(text: string): void;
  /** The same, for what nobody waits for; resolves when it is written. */
  stderrSoon(text: string): Promise<void>;
  /** Shows at a terminal how far something is; empty: takes that away. */
  progress(text: string): void;
  /** All of standard input. */
  stdin(): Promise<Uint8Array>;
  /** The same line by line, where there may be very much of it. */
  stdinLines(): AsyncIterable<string>;
  /**
   * Asks at the terminal, without echo.
   * @returns `null` when there is no terminal
   */
  askSecret(question: string): Promise<string | null>;
  /**
   * Asks a yes-or-no question at the terminal, never at standard input.
   * @returns `null` when there is no terminal
   */
  confirm(question: string): Promise<boolean | null>;
  /** Resolves when the program is asked to stop. */
  stopped(): Promise<void>;
}

/** The person at the terminal wants no more of it. */
export class Interrupted extends Error {
  /** The exit code: 130 for Ctrl-C and an end of input, 131 for Ctrl-\. */
  readonly code: 130 | 131;

  constructor(code: 130 | 131 = 130) {
    super("interrupted");
    this.code = code;
  }
}
