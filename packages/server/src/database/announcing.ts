import { Kysely } from "kysely";
import type { Tables } from "./schema.ts";

interface Waiting {
  /** The database that the transaction is of. */
  readonly database: Kysely<Tables>;
  readonly calls: ((database: Kysely<Tables>) => void)[];
}

/** What waits for the commit of a transaction. */
const waiting = new WeakMap<Kysely<Tables>, Waiting>();

/** A database that says when a transaction of {@link Kysely.transaction} is committed: what {@link onceCommitted} waits for. */
export class AnnouncingDatabase extends Kysely<Tables> {
  override transaction() {
    const builder = super.transaction();
    const execute = builder.execute.bind(builder);
    builder.execute = async (callback) => {
      const calls: Waiting["calls"] = [];
      const result = await execute(async (transaction) => {
        waiting.set(transaction, { database: this, calls });
        return await callback(transaction);
      });
      for (const call of calls) call(this);
      return result;
    };
    return builder;
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
