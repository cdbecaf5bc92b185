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

/** Where a command prints its data: to stdout, or with `-o` to a file. */
export interface Output {
  /** Whether a person sees it. */
  readonly isTerminal: boolean;
  /** Writes bytes as they are, and waits until there is room for more. */
  bytes(data: Uint8Array | string): Promise<void>;
}
