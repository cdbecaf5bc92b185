import type { Digest } from "@pstore/core/digest";
import { type SealName, shownName } from "./seal.ts";

/** Seals that were kept elsewhere, as in the system's log: what the chain is compared with. */
export class ExpectedSeals {
  /** Mostly one under each number; two of them cannot both be right. */
  readonly #digests = new Map<number, readonly Digest[]>();
  #highest = 0;

  add({ number, digest }: SealName): void {
    const known = this.#digests.get(number) ?? [];
    if (known.includes(digest)) return;
    this.#digests.set(number, [...known, digest]);
    this.#highest = Math.max(this.#highest, number);
  }

  /** The highest one; `null`: there is none. */
  get highest(): SealName | null {
    const digest = this.#digests.get(this.#highest)?.[0];
    return digest === undefined ? null : { number: this.#highest, digest };
  }

  /** Whether something is expected under a number. */
  has(number: number): boolean {
    return this.#digests.has(number);
  }

  /** The seals that were to stand in the place of one, and do not. */
  othersThan({ number, digest }: SealName): readonly string[] {
    const others = this.#digests.get(number)?.filter((one) => one !== digest) ?? [];
    return others.map((one) => shownName({ number, digest: one }));
  }
}
