import { pieceCount } from "@pstore/core/digest";
import type { Db } from "../database/open.ts";
import { timeText } from "../database/schema.ts";
import { slicesBySize } from "../database/slices.ts";
import { detachValues, type ReplacedValue, valuesReplacedBefore } from "../repositories/retention.ts";
import { type Actor, record } from "./audit.ts";
import { dropLoose, piecesAtOnce } from "./dropping.ts";

const day = 86_400_000;
/** One transaction takes at most so many values, and so many pieces: everybody else waits for it. */
const atOnce = { count: 100, size: piecesAtOnce };

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
    await dropLoose(db, idsOf(values), stopping);
  }
  return count;
}

/**
 * From here on nothing knows the values any more. What a crash then leaves of them is collected like an upload that no
 * commit took.
 */
async function detachSome(db: Db, before: string): Promise<readonly ReplacedValue[]> {
  return await db.transaction().execute(async (trx) => {
    const found = await valuesReplacedBefore(trx, before, atOnce.count);
    const [values = []] = slicesBySize(found, ({ size }) => pieceCount(size), atOnce);
    if (values.length === 0) return values;
    await detachValues(trx, idsOf(values), timeText(new Date()));
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

function idsOf(values: readonly ReplacedValue[]): string[] {
  return values.map((value) => value.id);
}
