/** How the store client speaks with the person who runs the command. */
export interface Person {
  /** Whether somebody watches, and so can be asked more than what needs an answer. */
  readonly isPresent: boolean;
  /** Something worth knowing, once for each text. */
  notice(text: string): void;
  /** Something that may go wrong, once for each text. */
  warn(text: string): void;
  /** Something to look at before a question: lines of text. */
  show(text: string): void;
  /** Said only with `-v`. */
  detail(text: string): void;
  /**
   * Asks, unless `--yes` has answered.
   * @throws Problem `no-terminal` where nobody can be asked
   */
  confirm(question: string): Promise<boolean>;
  /**
   * Shows how far something has come, from the call on until `done`.
   * @param total how much there is to do, null where that is not known
   * @param unit what is counted: bytes, unless it says what else
   */
  progress(label: string, total: number | null, unit?: "items"): Progress;
}

/** Something under way. */
export interface Progress {
  /** @param by how much more is done */
  advance(by: number): void;
  done(): void;
}
