import { setImmediate as othersFirst } from "node:timers/promises";
import type { Db } from "../database/open.ts";
import { slices } from "../database/slices.ts";
import { type IdRange, idsOfMember } from "../repositories/members.ts";

/** So much is looked at in one turn: some milliseconds, in which nobody else is answered. */
const atOnce = 500;

/** A list in parts, between which others have their turn. */
export async function* inTurns<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (const some of slices(items, atOnce)) {
    yield some;
    await othersFirst();
  }
}

/** All objects of which a user is a member, deleted ones too, in such parts. @param size where one turn is for fewer */
export async function* objectsOfMember(db: Db, userId: string, size = atOnce): AsyncGenerator<IdRange> {
  for (let after: string | null = null; ; ) {
    const ids: IdRange | null = await idsOfMember(db, userId, after, size);
    if (ids === null) return;
    yield ids;
    after = ids.last;
    await othersFirst();
  }
}
