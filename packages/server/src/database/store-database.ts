import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "@pstore/core/problem";
import { type Dialect, Kysely, type Transaction } from "kysely";
import { faultOf } from "./faults.ts";
import type { Location } from "./location.ts";
import type { Tables } from "./schema.ts";

export type EngineName = Location["engine"];

interface Waiting {
  /** The database that the transaction is of. */
  readonly database: Kysely<Tables>;
  readonly calls: ((database: Kysely<Tables>) => void)[];
}

/** What waits for the commit of a transaction. */
const waiting = new WeakMap<Kysely<Tables>, Waiting>();

/** A transaction is tried again for so many milliseconds at the most. */
const patience = 10_000;
/** The longest pause before that, in milliseconds. */
const longestPause = 250;

/**
 * The database of a store: one whose transactions are tried again when another one was first, and that says when they
 * are committed, for {@link onceCommitted}.
 */
export class StoreDatabase extends Kysely<Tables> {
  readonly engine: EngineName;
  /** How many transactions were tried again. */
  retries = 0;

  constructor(engine: EngineName, dialect: Dialect) {
    super({ dialect });
    this.engine = engine;
  }

  /**
   * A transaction that may write. Of two that write the same row one is done anew; of two that only read what the other
   * writes, neither may notice (on PostgreSQL, and at two nodes of a cluster): so what must not happen at the same time
   * writes a row in common, as `touchUser` does. What it is given to do may be done several times, and only the last counts.
   */
  override transaction() {
    const builder = super.transaction();
    const execute = builder.execute.bind(builder);
    builder.execute = (callback) => this.#untilDone((tell) => this.#once(execute, callback, tell));
    return builder;
  }

  async #once<T>(
    execute: (callback: (transaction: Transaction<Tables>) => Promise<T>) => Promise<T>,
    callback: (transaction: Transaction<Tables>) => Promise<T>,
    tellEnd: () => void,
  ): Promise<T> {
    const calls: Waiting["calls"] = [];
    const result = await execute(async (transaction) => {
      waiting.set(transaction, { database: this, calls });
      const done = await callback(transaction);
      tellEnd();
      return done;
    });
    for (const call of calls) call(this);
    return result;
  }

  /** Does something until no conflict is in its way, or a limit is reached. */
  async #untilDone<T>(attempt: (tellEnd: () => void) => Promise<T>): Promise<T> {
    const end = performance.now() + patience;
    for (let pause = 4; ; pause = Math.min(2 * pause, longestPause)) {
      let isEnding = false;
      try {
        return await attempt(() => {
          isEnding = true;
        });
      } catch (error) {
        const fault = faultOf(error);
        if (fault === "lost" && isEnding) throw new UnknownOutcome(error);
        // A connection that breaks before the commit has left nothing behind; another host may answer.
        if ((fault !== "conflict" && fault !== "lost") || performance.now() > end) throw error;
      }
      this.retries++;
      // Those that were in each other's way are not to meet again.
      await sleep(Math.random() * pause);
    }
  }
}

/** The connection broke while the commit was on its way: nobody knows whether it is done. */
export class UnknownOutcome extends Problem {
  constructor(cause: unknown) {
    super(
      "unavailable",
      "the server lost its database in the middle of a commit and cannot say whether it was stored; look, and repeat it if it was not",
      { cause, retryAfter: 1 },
    );
  }
}

/**
 * Calls back with the database when what was just written there is there to stay: at once, or when the transaction is
 * committed; never when it is rolled back.
 */
export function onceCommitted(db: Kysely<Tables>, call: (database: Kysely<Tables>) => void): void {
  const transaction = waiting.get(db);
  if (transaction === undefined) call(db);
  else transaction.calls.push(call);
}
