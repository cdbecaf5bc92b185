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
  /** All of standard input. */
  stdin(): Promise<Uint8Array>;
  /**
   * Asks at the terminal, without echo.
   * @returns `null` when there is no terminal
   */
  askSecret(question: string): Promise<string | null>;
  /** Resolves when the program is asked to stop. */
  stopped(): Promise<void>;
}

/** The person at the terminal pressed Ctrl-C: exit code 130. */
export class Interrupted extends Error {}
