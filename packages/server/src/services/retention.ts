import { setImmediate as othersFirst } from "node:timers/promises";
import { pieceCount } from "@pstore/core/digest";
import type { Db } from "../database/open.ts";
import { timeText } from "../database/schema.ts";
import {
  deleteDetached,
  deletePieces,
  detachValues,
  type ReplacedValue,
  valuesReplacedBefore,
} from "../repositories/retention.ts";
import { type Actor, record } from "./audit.ts";

const day = 86_400_000;
/** One transaction takes at most so many values, and so many pieces of 1 MiB: everybody else waits for it. */
const valuesAtOnce = 100;
const piecesAtOnce = 16;

/** Who purges, for the log: no user's name holds a colon. */
const actor: Actor = { userName: "server:keep-history", fingerprint: "", address: "server" };

/**
 * Drops the values that were replaced, dropped, or whose object was deleted, so long ago. Manifests, commits and keys
 * stay: who had access to what, and that there was a value, is known for ever.
 * @param days how long a value is kept, at least
 * @param stopping between two transactions it is looked at, and nothing more is begun
 * @returns how many values were dropped
 */
export async function purgeReplaced(db: Db, days: number, stopping: AbortSignal): Promise<number> {
  const before = timeText(new Date(Date.now() - days * day));
  let count = 0;
  while (!stopping.aborted) {
    const values = await detachSome(db, before);
    if (values.length === 0) break;
    count += values.length;
    await dropDetached(db, values);
  }
  return count;
}

/**
 * From here on nothing knows the values any more. What a crash then leaves of them is collected like an upload that no
 * commit took.
 */
async function detachSome(db: Db, before: string): Promise<readonly ReplacedValue[]> {
  return await db.transaction().execute(async (trx) => {
    const values = firstFew(await valuesReplacedBefore(trx, before, valuesAtOnce));
    if (values.length === 0) return values;
    await detachValues(trx, idsOf(values));
    await record(
      trx,
      actor,
      values.map(({ objectId, objectName, property, revision, size, replaced }) => ({
        action: "purge",
        objectId,
        objectName,
        property: property ?? "",
        detail: `revision ${revision}, ${size} bytes, replaced ${replaced}`,
      })),
    );
    return values;
  });
}

/** As many as one transaction may drop; at least one, whatever its size. */
function firstFew(values: readonly ReplacedValue[]): readonly ReplacedValue[] {
  let pieces = 0;
  const end = values.findIndex(({ size }, at) => {
    pieces += pieceCount(size);
    return at > 0 && pieces > piecesAtOnce;
  });
  return end < 0 ? values : values.slice(0, end);
}

async function dropDetached(db: Db, values: readonly ReplacedValue[]): Promise<void> {
  await othersFirst();
  for (const { id, size } of values) {
    for (let seq = piecesAtOnce; seq < pieceCount(size); seq += piecesAtOnce) {
      await deletePieces(db, id, seq);
      await othersFirst();
    }
  }
  await db.transaction().execute((trx) => deleteDetached(trx, idsOf(values)));
  await othersFirst();
}

function idsOf(values: readonly ReplacedValue[]): string[] {
  return values.map((value) => value.id);
}
