/** Thrown when the user ends a question with Ctrl-C, Ctrl-D or Ctrl-\, or the terminal is gone. */
export class Interrupted extends Error {
  /** The exit status. */
  readonly status: number;

  constructor(status = 130) {
    super("interrupted");
    this.status = status;
  }
}
