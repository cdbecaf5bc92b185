/**
 * What takes a look to know, and may be asked for by anybody: one look at a time, its answer is given again for a while,
 * and nobody waits for it longer than some time.
 */
export class Remembered<T> {
  readonly #look: () => Promise<T>;
  readonly #freshness: number;
  readonly #patience: number;
  readonly #otherwise: T;
  #last: { readonly found: T; readonly until: number } | null = null;
  #looking: { readonly found: Promise<T>; readonly since: number } | null = null;

  /**
   * @param look never throws
   * @param times.freshness for so many milliseconds an answer is given again
   * @param times.patience a look may take so many milliseconds
   * @param times.otherwise the answer to whoever asks during a look that takes longer
   */
  constructor(
    look: () => Promise<T>,
    times: { readonly freshness: number; readonly patience: number; readonly otherwise: T },
  ) {
    this.#look = look;
    this.#freshness = times.freshness;
    this.#patience = times.patience;
    this.#otherwise = times.otherwise;
  }

  async read(): Promise<T> {
    const now = performance.now();
    if (this.#last !== null && now < this.#last.until) return this.#last.found;
    this.#looking ??= { found: this.#lookOnce(), since: now };
    const { found, since } = this.#looking;
    const late = Promise.withResolvers<T>();
    const timer = setTimeout(() => late.resolve(this.#otherwise), Math.max(0, since + this.#patience - now));
    const first = await Promise.race([found, late.promise]);
    clearTimeout(timer);
    return first;
  }

  async #lookOnce(): Promise<T> {
    const found = await this.#look();
    this.#last = { found, until: performance.now() + this.#freshness };
    this.#looking = null;
    return found;
  }
}
