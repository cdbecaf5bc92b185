import { fstatSync } from "node:fs";
import { Problem } from "@pstore/core/problem";

/** What sentences call the descriptor that gives a passphrase. */
export function originOf(descriptor: number): string {
  return `--passphrase-fd ${descriptor}`;
}

export function unreadable(descriptor: number, code: string | undefined): Problem {
  return new Problem(
    "no-private-key",
    `${originOf(descriptor)} cannot be read (${code}); give a descriptor that is open for reading, as in 3<FILE`,
  );
}

/**
 * Refuses a descriptor that nobody has opened for us. It must be asked before we open anything: else the number may be
 * that of our own state by the time it is read, and closed.
 * @param descriptor null where none gives a passphrase
 * @throws Problem `no-private-key`
 */
export function checkDescriptor(descriptor: number | null): void {
  if (descriptor === null) return;
  try {
    fstatSync(descriptor);
  } catch (error) {
    throw unreadable(descriptor, (error as NodeJS.ErrnoException).code);
  }
}
