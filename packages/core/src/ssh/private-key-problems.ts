import { Problem } from "../problem.ts";

/** A private key that cannot be read or used. @param why the end of the sentence; nothing of the file may stand in it */
export function unusable(why: string): Problem {
  return new Problem("no-private-key", `this private key cannot be used: ${why}`);
}

export function damagedFile(why: string): Problem {
  return unusable(`its file is damaged (${why}); copy it again, whole, with its line feeds`);
}

/** The passphrase of a private key is another one, or none was given. */
export class WrongPassphrase extends Problem {
  constructor(why = "the passphrase is wrong") {
    super("no-private-key", `this private key cannot be unlocked: ${why}`);
  }
}
