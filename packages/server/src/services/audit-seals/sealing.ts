import { hostname } from "node:os";
import { timeText } from "../../database/schema.ts";
import { insertSeal, newestSeal, setSeal, unsealedRows } from "../../repositories/audit-seals.ts";
import type { StoreContext } from "../context.ts";
import { rootOf } from "./rows.ts";
import { nameOf, type SealName, sealText } from "./seal.ts";

/** One seal takes at most so many rows: everybody else waits for the transaction that notes it. */
const atOnce = 200;

/** Another server has made a seal meanwhile, maybe of the same rows. */
class Overtaken extends Error {}

/**
 * Seals some rows that have no seal yet.
 * @returns the seal; `null`: there was no such row, or another server was first, which goes on with the rest
 */
export async function sealSome(context: StoreContext): Promise<SealName | null> {
  const { db, store } = context;
  // In this order: whoever has sealed any of the rows since has made a seal of the number that is taken here, and the
  // table takes no number twice. So it can all be read ahead of the transaction, which is short.
  const newest = await newestSeal(db);
  const rows = await unsealedRows(db, atOnce);
  if (rows.length === 0) return null;
  const number = (newest?.number ?? 0) + 1;
  const text = sealText({
    store: store.id,
    number,
    previous: newest === undefined ? null : nameOf(newest.number, newest.text).digest,
    events: rows.length,
    root: rootOf(rows),
    time: timeText(new Date()),
    server: serverName(),
  });
  try {
    await db.transaction().execute(async (trx) => {
      if (!(await insertSeal(trx, { number, text }))) throw new Overtaken();
      const ids = rows.map(({ id }) => id);
      const count = await setSeal(trx, ids, number);
      if (count !== ids.length)
        throw new Error(`${ids.length - count} rows of the audit log vanished before they were sealed`);
    });
  } catch (error) {
    if (error instanceof Overtaken) return null;
    throw error;
  }
  return nameOf(number, text);
}

/** The host, as a word. */
function serverName(): string {
  return (
    hostname()
      .replace(/[^!-~]/g, "?")
      .slice(0, 255) || "-"
  );
}
