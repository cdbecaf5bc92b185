/** Thrown when the user ends a question with Ctrl-C or Ctrl-D, or the terminal is gone. */
export class Interrupted extends Error {}
