import type { Keyring } from "../keyring.ts";
import { Several } from "../several.ts";

/** The key files that were named. One that cannot be used ends the command where its turn comes. */
export class KeyFiles extends Several {
  readonly lookedAt: string;
  readonly #names: readonly string[];
  readonly #open: (name: string) => Promise<Keyring>;
  readonly #keyrings = new Map<string, Promise<Keyring>>();

  /** @param names as they were given */
  constructor(names: readonly string[], open: (name: string) => Promise<Keyring>) {
    super();
    this.lookedAt = names.join(", ");
    this.#names = [...new Set(names)];
    this.#open = open;
  }

  protected async *opened(): AsyncGenerator<Keyring> {
    for (const name of this.#names) {
      const keyring = this.#keyrings.get(name) ?? this.#open(name);
      this.#keyrings.set(name, keyring);
      yield await keyring;
    }
  }
}
