import type { Output } from "./terminal/output.ts";

/** Where a run reads and writes. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Messages;
}

/** Standard input. */
export interface Input {
  /** Whether a person types it. */
  readonly isTerminal: boolean;
  /** Its bytes, as they come; it is opened only by the commands that read it. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Where people are spoken to. */
export interface Messages {
  readonly isTerminal: boolean;
  write(text: string): void;
}
