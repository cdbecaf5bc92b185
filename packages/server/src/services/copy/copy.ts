import { randomBytes } from "node:crypto";
import { setImmediate as othersFirst } from "node:timers/promises";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import type { StoreTable } from "../../database/schema.ts";
import type { StoreDatabase } from "../../database/store-database.ts";
import { snapshot } from "../../database/transactions.ts";
import { insertRows } from "../../repositories/new-rows.ts";
import { insertStore, readStore } from "../../repositories/store.ts";
import { rowsOf } from "../../repositories/table-rows.ts";
import type { TableName } from "../../repositories/tables.ts";
import { type Actor, record } from "../audit.ts";
import { type StoreFacts, storeFacts } from "../backup/facts.ts";
import { digestOfTables, lastingTables, type StoreDigest } from "../store-digest/store-digest.ts";
import { digestTable, type TableDigest, TableHash } from "../store-digest/table-digest.ts";

/** A database, and how sentences name it. */
export interface Place {
  readonly db: StoreDatabase;
  readonly name: string;
}

export interface Progress {
  /** Ends it between two steps, with its reason. */
  readonly signal: AbortSignal;
  tell(what: string): void;
}

export interface Copied extends StoreFacts {
  /** Of what was read on the one side, and is read again on the other. */
  readonly digest: StoreDigest;
}

/** What the copying of the rows answers. */
interface Rows {
  readonly store: StoreTable;
  readonly digests: readonly TableDigest[];
}

/**
 * Copies a store as it is at one moment, whoever writes to it meanwhile, into a database that has the tables and no row:
 * without what is of that moment alone, sessions and mails that wait. Everything is read again there and compared, before
 * the one row is written that makes it a store.
 * @throws Problem `unavailable`; what was written until then is the caller's to take away
 */
export async function copyStore(from: Place, to: Place, actor: Actor, progress: Progress): Promise<Copied> {
  // In the old place, and thus in both: so each says itself that there is another, and the two remain the same.
  await record(from.db, actor, [{ action: "copy store", detail: to.name }]);
  const { store, digests } = await copyRows(from, to, progress);
  for (const expected of digests) {
    const { table } = expected;
    const found = await digestTable(to.db, table, (rows) =>
      step(progress, `compared: ${rows} rows of ${table}`),
    );
    if (found.digest !== expected.digest) throw differs(table, from, to);
  }
  // A challenge that the one gave out is none of the other's.
  await insertStore(to.db, { ...store, challenge_secret: randomBytes(32) });
  const hash = new TableHash("store");
  hash.add([store]);
  return { ...(await storeFacts(to.db)), digest: digestOfTables([...digests, hash.end()]) };
}

async function copyRows(from: Place, to: Place, progress: Progress): Promise<Rows> {
  let hasBegun = false;
  return await snapshot(from.db, async (still) => {
    // It is a second time when the connection was lost, and some of the rows are written.
    if (hasBegun) throw interrupted(from);
    hasBegun = true;
    const digests: TableDigest[] = [];
    for (const table of lastingTables) {
      if (table === "store") continue;
      const hash = new TableHash(table);
      for await (const rows of rowsOf(still, table)) {
        hash.add(rows);
        await write(to, table, rows);
        await step(progress, `copied: ${hash.rows} rows of ${table}`);
      }
      digests.push(hash.end());
    }
    return { store: await readStore(still), digests };
  });
}

async function write({ db, name }: Place, table: TableName, rows: readonly object[]): Promise<void> {
  try {
    await db.transaction().execute((trx) => insertRows(trx, table, rows));
  } catch (error) {
    if (error instanceof Problem) throw error;
    const why = asciiLine(error instanceof Error ? error.message : String(error));
    throw new Problem(
      "unavailable",
      `rows of ${table} cannot be written to ${name} (${why}); see to that, and repeat the command`,
      { cause: error },
    );
  }
}

async function step({ signal, tell }: Progress, what: string): Promise<void> {
  tell(what);
  // Signals are heard by then, too.
  await othersFirst();
  signal.throwIfAborted();
}

function interrupted({ name }: Place): Problem {
  return new Problem("unavailable", `the connection to ${name} was lost halfway; repeat the command`);
}

function differs(table: string, from: Place, to: Place): Problem {
  return new Problem(
    "unavailable",
    `${to.name} does not hold in ${table} what was read from ${from.name} and written there; look for what changes it, and at the disks`,
  );
}
