import { setImmediate as othersFirst } from "node:timers/promises";
import type { Db } from "../database/open.ts";
import { deleteLoose, deletePieces, lastPiece } from "../repositories/values.ts";

/** One transaction drops at most so many pieces of 1 MiB of a value: everybody else waits for it. */
export const piecesAtOnce = 16;

/**
 * Drops values that belong to no object and to no upload, a few pieces at a time. Of small ones the last transaction
 * drops all: so they should not be too many at once.
 * @param stopping between two transactions it is looked at, and nothing more is begun; what is left of the values is
 *   collected later, like what a crash leaves
 */
export async function dropLoose(db: Db, ids: readonly string[], stopping?: AbortSignal): Promise<void> {
  await othersFirst();
  for (const id of ids) {
    const last = await lastPiece(db, id);
    for (let seq = piecesAtOnce; seq <= last; seq += piecesAtOnce) {
      if (stopping?.aborted) return;
      await deletePieces(db, id, seq);
      await othersFirst();
    }
  }
  if (stopping?.aborted) return;
  await db.transaction().execute((trx) => deleteLoose(trx, ids));
  await othersFirst();
}
