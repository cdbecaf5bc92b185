import { Problem } from "@pstore/core/problem";
import { visibleLine } from "@pstore/core/visible";

/** Who is asked for a passphrase, and told that one is used again. */
export interface Asker {
  /**
   * Asks without echo.
   * @param refusal the sentence where nobody can be asked
   * @throws Problem `no-terminal`
   */
  secret(question: string, refusal: string): Promise<string>;
  notice(text: string): void;
}

/** A passphrase that nobody types, and what sentences call its origin. */
export interface GivenPassphrase {
  readonly text: string;
  readonly origin: string;
}

/** How often a passphrase is asked for before it is given up. */
const tries = 3;

/**
 * The passphrases of one command. What was typed is kept in memory until it ends, for the next key that needs one: so
 * that nobody types the same twice.
 */
export class Passphrases {
  readonly #asker: Asker | null;
  readonly #read: (() => Promise<GivenPassphrase>) | null;
  #given: Promise<GivenPassphrase> | null = null;
  readonly #typed: string[] = [];

  /**
   * @param asker null where nobody may be asked
   * @param read gets the passphrase that stands in a file or comes from a descriptor: then nobody is asked. Null where
   *   there is none
   */
  constructor(asker: Asker | null, read: (() => Promise<GivenPassphrase>) | null) {
    this.#asker = asker;
    this.#read = read;
  }

  /**
   * Unlocks a key.
   * @param shown what sentences call its file
   * @param unlock answers null where a passphrase is wrong
   * @throws Problem `no-private-key`, `no-terminal`
   */
  async unlock<Key extends object>(
    shown: string,
    unlock: (passphrase: string) => Promise<Key | null>,
  ): Promise<Key> {
    // The executable starts with a compiler that holds back; what makes passphrases slow to guess is written for it.
    Bun.unsafe.setJITPolicy(1);
    if (this.#read !== null) return this.#unlockWithGiven(this.#read, shown, unlock);
    for (const passphrase of this.#typed) {
      const key = await unlock(passphrase);
      if (key === null) continue;
      this.usedAgain();
      return key;
    }
    return this.#ask(shown, unlock);
  }

  /** Says that something is used again which only a typed passphrase has unlocked. */
  usedAgain(): void {
    if (this.#typed.length > 0) this.#asker?.notice("re-using cached password");
  }

  async #unlockWithGiven<Key extends object>(
    read: () => Promise<GivenPassphrase>,
    shown: string,
    unlock: (passphrase: string) => Promise<Key | null>,
  ): Promise<Key> {
    this.#given ??= read();
    const { text, origin } = await this.#given;
    const key = await unlock(text);
    if (key !== null) return key;
    throw new Problem(
      "no-private-key",
      `the passphrase in ${origin} is not that of ${shown}; mend one of them`,
    );
  }

  async #ask<Key extends object>(
    shown: string,
    unlock: (passphrase: string) => Promise<Key | null>,
  ): Promise<Key> {
    if (this.#asker === null)
      throw new Problem("no-private-key", `${shown} needs a passphrase, and nobody may be asked for it now`);
    for (let left = tries; left > 0; left--) {
      const again = left === tries ? "" : `wrong passphrase, try again (${left} left)\n`;
      const passphrase = await this.#asker.secret(
        `${again}Passphrase for ${visibleLine(shown)}: `,
        `there is no terminal to ask for the passphrase of ${shown} at; set PSTORE_PASSPHRASE_FILE to a file that holds it, or give --passphrase-fd`,
      );
      const key = await unlock(passphrase);
      if (key === null) continue;
      this.#typed.push(passphrase);
      return key;
    }
    throw new Problem("no-private-key", `${shown} was not unlocked: the passphrase was wrong ${tries} times`);
  }
}
