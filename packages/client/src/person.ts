/** How the store client speaks with the person who runs the command. */
export interface Person {
  /** Something worth knowing, once for each text. */
  notice(text: string): void;
  /** Something that may go wrong, once for each text. */
  warn(text: string): void;
  /** Said only with `-v`. */
  detail(text: string): void;
  /**
   * Asks, unless `--yes` has answered.
   * @throws Problem `no-terminal` where nobody can be asked
   */
  confirm(question: string): Promise<boolean>;
  /** Shows how far a transfer has come, from the call on until `done`; `total` in bytes, null where it is not known. */
  progress(label: string, total: number | null): { advance(bytes: number): void; done(): void };
}
