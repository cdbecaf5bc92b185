import type { AuditSealTable } from "../../database/schema.ts";
import type { ExpectedSeals } from "./expected.ts";
import { nameOf, parseSeal, type Seal, type SealName, shownName } from "./seal.ts";

/** What a chain is checked against. */
export interface ChainRules {
  /** The store's id. */
  readonly store: string;
  /** Where it begins; `null`: with the first seal of all. */
  readonly from: SealName | null;
  readonly expected: ExpectedSeals;
}

/** Seals as they are walked through from the first one on, each compared with the one before. */
export class Chain {
  readonly #rules: ChainRules;
  readonly #report: (fault: string) => void;
  #last: SealName | null = null;
  /** Seals that were expected and are there. */
  compared = 0;

  /** @param report takes one sentence for each fault */
  constructor(rules: ChainRules, report: (fault: string) => void) {
    this.#rules = rules;
    this.#report = report;
  }

  /** The last one that was walked over. */
  get last(): SealName | null {
    return this.#last;
  }

  /** The number that the next seal has to have. */
  get next(): number {
    return this.#last === null ? (this.#rules.from?.number ?? 1) : this.#last.number + 1;
  }

  /**
   * Goes to the next seal that there is.
   * @returns what it says; `null` where that cannot be told
   */
  follow({ number, text }: AuditSealTable): Seal | null {
    const { from, store } = this.#rules;
    const name = nameOf(number, text);
    const before = number === this.next ? this.#last : null;
    const isFirst = number === this.next && this.#last === null;
    this.#last = name;
    this.#compare(name);
    if (isFirst && from !== null && name.digest !== from.digest)
      this.#report(
        `seal ${number} is not the one to begin with: it is ${shownName(name)}, not ${shownName(from)}`,
      );
    const seal = parseSeal(text);
    if (seal === null) {
      this.#report(`seal ${number} was changed: it has not the form of a seal`);
      return null;
    }
    if (seal.number !== number)
      this.#report(`seal ${number} was renumbered: it says that it is seal ${seal.number}`);
    if (seal.store !== store) this.#report(`seal ${number} is of another store, ${seal.store}`);
    if (before !== null && seal.previous !== before.digest)
      this.#report(`seal ${number} does not follow on seal ${before.number}: one of the two was changed`);
    if ((seal.previous === null) !== (number === 1))
      this.#report(
        `seal ${number} was changed: ${number === 1 ? "one is said to be before it" : "none is said to be before it"}`,
      );
    return seal;
  }

  #compare(name: SealName): void {
    const { expected } = this.#rules;
    if (!expected.has(name.number)) return;
    this.compared++;
    for (const other of expected.othersThan(name))
      this.#report(`seal ${name.number} was changed: it is ${shownName(name)}, and ${other} was expected`);
  }
}
