/** The connections to one host. */
export interface HostPool<Client> {
  /** A connection that is good for writing. */
  acquire(): Promise<Client>;
  end(): Promise<void>;
}

/** After so many milliseconds the hosts in front of the one that serves are tried again. */
const patience = 30_000;

/**
 * Connections to the first of several hosts that can be written to: whichever fails is passed over, and hosts in front of
 * the one that serves are tried again now and then.
 */
export class FailoverPool<Client> {
  readonly #pools: readonly HostPool<Client>[];
  #serving = 0;
  #lookedAt = 0;

  constructor(pools: readonly HostPool<Client>[]) {
    this.#pools = pools;
  }

  /** @throws what the last host that was tried says, when none can be had */
  async acquire(): Promise<Client> {
    const first = this.#first();
    let why: unknown = new Error("there is no host");
    for (let step = 0; step < this.#pools.length; step++) {
      const at = (first + step) % this.#pools.length;
      try {
        const client = await this.#pools[at]?.acquire();
        if (client === undefined) continue;
        this.#serving = at;
        return client;
      } catch (error) {
        why = error;
      }
    }
    throw why;
  }

  async end(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.end()));
  }

  #first(): number {
    const now = performance.now();
    if (this.#serving === 0 || now - this.#lookedAt < patience) return this.#serving;
    this.#lookedAt = now;
    return 0;
  }
}
