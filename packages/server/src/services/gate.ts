import { Problem } from "@pstore/core/problem";

/** Lets only so much work run at once in this process, and only so much more wait its turn. */
export class Gate {
  readonly #limits: { readonly atOnce: number; readonly waiting: number };
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(limits: { readonly atOnce: number; readonly waiting: number }) {
    this.#limits = limits;
  }

  /** @throws Problem `too-many-requests` when as much waits as may */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.atOnce) this.#running++;
    else await this.#wait();
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  async #wait(): Promise<void> {
    if (this.#queue.length >= this.#limits.waiting) {
      throw new Problem("too-many-requests", "very many people sign in just now; try again in some seconds", {
        retryAfter: 5,
      });
    }
    // Whoever goes out gives their place to the next, so that nobody overtakes.
    await new Promise<void>((resolve) => {
      this.#queue.push(resolve);
    });
  }
}
