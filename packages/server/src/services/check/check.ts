import { setImmediate as othersFirst } from "node:timers/promises";
import type { CheckAnswer } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import { type StoreTable, timeText } from "../../database/schema.ts";
import { anyObjectIds, findAnyObject } from "../../repositories/any-objects.ts";
import { commitDigests, commitsWithRevisions } from "../../repositories/revisions.ts";
import { looseValues } from "../../repositories/values.ts";
import { record } from "../audit.ts";
import type { Caller } from "../sessions.ts";
import { type Fault, type Found, fromBackup, gathered } from "./fault.ts";
import { type CheckOfStore, ObjectCheck } from "./object.ts";
import { Tally } from "./tally.ts";

const day = 86_400_000;
/** So many ids are read at once. */
const idsAtOnce = 500;

/**
 * Every inconsistency of a store with its solution, for privileged users.
 * @throws Problem `forbidden`
 */
export async function checkFor(db: Db, store: StoreTable, caller: Caller): Promise<CheckAnswer> {
  if (!caller.seesAll && !caller.staff) {
    throw new Problem("forbidden", "only staff and users with the right to view any machine run the check");
  }
  const faults = await checkStore(db, store);
  await record(db, caller, [{ action: "check", detail: `${faults.length} faults` }]);
  return { faults };
}

/** What goes on beside a check. */
export interface Beside {
  /** Called between two short reads: lets others go first, or ends the check by throwing. */
  readonly step: () => Promise<void>;
  /** What is counted on the way. */
  readonly tally: Tally;
}

/** Every inconsistency of a store with its solution. Values are checked for presence and size, not read. */
export async function checkStore(
  db: Db,
  store: StoreTable,
  { step, tally }: Beside = { step: () => othersFirst(), tally: new Tally(new Date()) },
): Promise<Fault[]> {
  const check: CheckOfStore = { db, store, step, tally, faults: [], signatures: new Map() };
  for await (const id of each(step, (after) => anyObjectIds(db, after, idsAtOnce))) {
    // An object at a time, so that nobody waits for the whole check.
    const object = await findAnyObject(db, id);
    if (object !== undefined) await new ObjectCheck(check, object).run();
  }
  const faults = check.faults.sort((a, b) => (a.where < b.where ? -1 : a.where > b.where ? 1 : 0));
  faults.push(...(await faultsOfCommits(check)));
  const before = timeText(new Date(Date.now() - 2 * day));
  for (const { id } of await looseValues(db, before)) {
    faults.push({
      kind: "value",
      where: id,
      fault: "the value belongs to nothing",
      solution: "start the server: it drops such values at its start",
    });
  }
  return gathered(faults);
}

async function faultsOfCommits({ db, step }: CheckOfStore): Promise<Found[]> {
  const faults: Found[] = [];
  let digests: string[] = [];
  const compare = async () => {
    const used = await commitsWithRevisions(db, digests);
    for (const digest of digests) {
      if (used.has(digest)) continue;
      const fault = "the commit has no revisions";
      faults.push({ kind: "commit", where: digest, fault, solution: fromBackup });
    }
    digests = [];
  };
  for await (const digest of each(step, (after) => commitDigests(db, after, idsAtOnce))) {
    if (digests.push(digest) === idsAtOnce) await compare();
  }
  await compare();
  return faults;
}

/** What stands in an order, read part by part, with a step after each part. */
export async function* each(
  step: () => Promise<void>,
  read: (after: string | null) => Promise<readonly string[]>,
): AsyncGenerator<string> {
  for (let after: string | null = null; ; ) {
    const part: readonly string[] = await read(after);
    yield* part;
    after = part.at(-1) ?? null;
    if (after === null) return;
    await step();
  }
}
