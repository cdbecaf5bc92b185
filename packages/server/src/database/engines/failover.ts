import { setTimeout as sleep } from "node:timers/promises";
import { faultOf } from "../faults.ts";

/** The connections to one host. */
export interface HostPool<Client> {
  /** A connection that is good for writing. */
  acquire(): Promise<Client>;
  end(): Promise<void>;
}

/** After so many milliseconds the hosts in front of the one that serves are tried again. */
const returnAfter = 30_000;
/** A database that has served and does not any more is waited for so long, in milliseconds: it may be starting anew. */
const patience = 10_000;
/** Between two looks at all hosts, in milliseconds. */
const pause = 100;

/**
 * Connections to the first of several hosts that can be written to: whichever fails is passed over, and hosts in front of
 * the one that serves are tried again now and then. Where none can be had, it is waited for a while; when it has been
 * away for longer, each that asks is told so at once.
 */
export class FailoverPool<Client> {
  readonly #pools: readonly HostPool<Client>[];
  #serving = 0;
  #lookedAt = 0;
  /** Since when no host serves; `null`: one does; 0: none has ever. */
  #awaySince: number | null = 0;
  #isEnded = false;

  constructor(pools: readonly HostPool<Client>[]) {
    this.#pools = pools;
  }

  /** @throws what the last host that was tried says, when none can be had */
  async acquire(): Promise<Client> {
    for (;;) {
      try {
        const client = await this.#tryAll();
        this.#awaySince = null;
        return client;
      } catch (error) {
        // It serves, and others.
        if (faultOf(error) === "busy") throw error;
        const now = performance.now();
        this.#awaySince ??= now;
        if (this.#isEnded || now - this.#awaySince > patience || this.#awaySince === 0) throw error;
        await sleep(pause);
      }
    }
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.all(this.#pools.map((pool) => pool.end()));
  }

  async #tryAll(): Promise<Client> {
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
        if (faultOf(error) === "busy") break;
      }
    }
    throw why;
  }

  #first(): number {
    const now = performance.now();
    if (this.#serving === 0 || now - this.#lookedAt < returnAfter) return this.#serving;
    this.#lookedAt = now;
    return 0;
  }
}
