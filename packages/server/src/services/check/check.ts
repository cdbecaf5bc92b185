import type { CheckAnswer } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import { type StoreTable, timeText } from "../../database/schema.ts";
import { findAnyObject, listAnyObjects } from "../../repositories/any-objects.ts";
import { emptyCommits } from "../../repositories/revisions.ts";
import { looseValues } from "../../repositories/values.ts";
import { record } from "../audit.ts";
import type { Caller } from "../sessions.ts";
import { type Fault, type Found, fromBackup, gathered } from "./fault.ts";
import { ObjectCheck } from "./object.ts";

const day = 86_400_000;

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

/** Every inconsistency of a store with its solution. Values are checked for presence and size, not read. */
export async function checkStore(db: Db, store: StoreTable): Promise<Fault[]> {
  const faults: Found[] = [];
  const signatures = new Map<string, string | null>();
  for (const { id } of await listAnyObjects(db)) {
    // An object at a time, so that nobody waits for the whole check.
    await db.transaction().execute(async (trx) => {
      const object = await findAnyObject(trx, id);
      if (object !== undefined) await new ObjectCheck(trx, store, object, faults, signatures).run();
    });
  }
  for (const { digest } of await emptyCommits(db)) {
    faults.push({
      kind: "commit",
      where: digest,
      fault: "the commit has no revisions",
      solution: fromBackup,
    });
  }
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
