import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { faultOf } from "../../faults.ts";

/** How often who holds the lock says that it is still there, and who waits looks, in milliseconds. */
const beat = 1000;
const look = 200;
/** Who has said nothing for so many milliseconds is dead, and the lock another's. */
const silence = 10_000;

/** A statement, and how many rows it changed or what it found. */
export type Run = (text: string, parameters: readonly unknown[]) => Promise<LockAnswer>;

export interface LockAnswer {
  readonly changed: number;
  readonly state: number;
}

/**
 * The lock of which Kysely's migrations have a row: a number, 0 while nobody has it, and another one at each beat of who
 * has. MySQL's own locks by name are not used, since each node of a cluster has its own; nor is any clock.
 */
export class MigrationLock {
  readonly #run: Run;
  readonly #table: string;
  readonly #id: string;
  #mine = 0;
  #beating: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(run: Run, table: string, id: string) {
    this.#run = run;
    this.#table = table;
    this.#id = id;
  }

  /** Waits until nobody else has it. */
  async acquire(): Promise<void> {
    let [seen, since] = [0, 0];
    for (;;) {
      const { state } = await this.#run(`select is_locked from ${this.#table} where id = ?`, [this.#id]);
      const now = performance.now();
      if (state !== seen) [seen, since] = [state, now];
      if ((state === 0 || now - since > silence) && (await this.#exchange(state))) break;
      await sleep(look);
    }
    this.#beating = setInterval(() => {
      this.#last = this.#exchange(this.#mine).catch(() => {});
    }, beat);
  }

  async release(): Promise<void> {
    if (this.#beating === undefined) return;
    clearInterval(this.#beating);
    this.#beating = undefined;
    await this.#last;
    // Where this fails, others wait until we count as dead.
    await this.#exchange(this.#mine, 0).catch(() => {});
  }

  /** Puts a number where another one is expected, and says whether it was that one. */
  async #exchange(expected: number, next = randomInt(1, 2 ** 31)): Promise<boolean> {
    const text = `update ${this.#table} set is_locked = ? where id = ? and is_locked = ?`;
    try {
      const { changed } = await this.#run(text, [next, this.#id, expected]);
      if (changed === 1) this.#mine = next;
      return changed === 1;
    } catch (error) {
      // On a cluster, somebody at another node was first.
      if (faultOf(error) === "conflict") return false;
      throw error;
    }
  }
}
