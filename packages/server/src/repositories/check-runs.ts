import { unlessDuplicate } from "../database/faults.ts";
import type { Db } from "../database/open.ts";
import type { CheckRunTable } from "../database/schema.ts";

/**
 * Begins a run, unless one goes on.
 * @returns whether it was begun: of several who do so at once, one is told `true`
 */
export async function insertCheckRun(db: Db, id: string, now: string): Promise<boolean> {
  const row: CheckRunTable = { id, running: 1, started: now, alive: now, finished: null, result: "" };
  const inserted = db.insertInto("check_runs").values(row).execute();
  return await unlessDuplicate(
    inserted.then(() => true),
    () => false,
  );
}

export async function findRunningCheck(db: Db): Promise<CheckRunTable | undefined> {
  return await db.selectFrom("check_runs").selectAll().where("running", "=", 1).executeTakeFirst();
}

/** The last run that came to its end, with what it found or without. */
export async function findLastCheck(db: Db): Promise<Omit<CheckRunTable, "result"> | undefined> {
  return await db
    .selectFrom("check_runs")
    .select(["id", "running", "started", "alive", "finished"])
    .where("finished", "is not", null)
    .orderBy("finished", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** The last run that found something out. */
export async function findLastCheckResult(db: Db): Promise<CheckRunTable | undefined> {
  return await db
    .selectFrom("check_runs")
    .selectAll()
    .where("finished", "is not", null)
    .where("result", "!=", "")
    .orderBy("finished", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** @returns whether the run goes on: `false` when another took it for dead */
export async function setCheckRunAlive(db: Db, id: string, now: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("check_runs")
    .set({ alive: now })
    .where("id", "=", id)
    .where("running", "=", 1)
    .executeTakeFirst();
  return Number(numUpdatedRows) > 0;
}

/** Ends a run, unless another took it for dead. @param result empty where it failed */
export async function finishCheckRun(db: Db, id: string, now: string, result: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("check_runs")
    .set({ running: null, alive: now, finished: now, result })
    .where("id", "=", id)
    .where("running", "=", 1)
    .executeTakeFirst();
  return Number(numUpdatedRows) > 0;
}

/** Drops a run that did not come to its end. */
export async function deleteRunningCheck(db: Db, id: string): Promise<void> {
  await db.deleteFrom("check_runs").where("id", "=", id).where("running", "=", 1).execute();
}

/** Drops the run that goes on when nobody has said so since a time: who ran it has died. */
export async function deleteDeadCheck(db: Db, before: string): Promise<void> {
  await db.deleteFrom("check_runs").where("running", "=", 1).where("alive", "<", before).execute();
}

/** Drops the runs that came to their end before one; where that one failed, only others that failed. */
export async function deleteEarlierChecks(db: Db, id: string, failedOnly: boolean): Promise<void> {
  let query = db.deleteFrom("check_runs").where("finished", "is not", null).where("id", "!=", id);
  if (failedOnly) query = query.where("result", "=", "");
  await query.execute();
}
