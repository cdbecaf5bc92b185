import { randomUUID } from "node:crypto";
import { setImmediate as othersFirst } from "node:timers/promises";
import { timeText } from "../../database/schema.ts";
import {
  deleteDeadCheck,
  deleteEarlierChecks,
  deleteRunningCheck,
  findLastCheck,
  finishCheckRun,
  insertCheckRun,
  setCheckRunAlive,
} from "../../repositories/check-runs.ts";
import { countAuditRows } from "../../repositories/store-sizes.ts";
import { type Actor, record } from "../audit.ts";
import type { StoreContext } from "../context.ts";
import { checkStore } from "./check.ts";
import { type CheckResult, kept, keptFaults } from "./check-result.ts";
import { checkKeys } from "./keys.ts";
import { Tally } from "./tally.ts";

/** Whoever runs a check says so this often, in milliseconds. */
const beat = 10_000;
/** A run of which nothing was heard for so long, in milliseconds, has died with its server. */
const silence = 180_000;
/** The server checks by itself when the last check ended so long ago, in milliseconds. */
const checkEvery = 86_400_000;

/** Who checks without being asked, for the log: no user's name holds a colon. */
const server: Actor = { userName: "server:check", fingerprint: "", address: "server" };

/** Until when a run that goes on must have been heard of. */
export function deadBefore(now: Date): string {
  return timeText(new Date(now.getTime() - silence));
}

/** The check is no more ours to go on with: the server stops, or another took it for dead. */
class Ended extends Error {}

/** The consistency check as the server makes it beside what else it does: one at a time, over all servers of a store. */
export class BackgroundCheck {
  readonly #context: StoreContext;
  readonly #log: (line: string) => void;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  /** @param log one line for whoever runs the server */
  constructor(context: StoreContext, log: (line: string) => void) {
    this.#context = context;
    this.#log = log;
  }

  /**
   * Begins a check.
   * @returns whether it did: not where one goes on, here or at another server
   */
  async begin(actor: Actor): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false;
    const begun = this.#claim();
    const run = begun.then((id) => (id === null ? undefined : this.#run(id, actor)));
    // From here on, so that whoever stops waits for what has only just begun, too.
    this.#running = Promise.allSettled([this.#running, run.catch((error) => this.#failed(error))]);
    return (await begun) !== null;
  }

  /** @returns the id of the run; `null`: another one goes on */
  async #claim(): Promise<string | null> {
    const { db } = this.#context;
    const now = new Date();
    const id = randomUUID();
    await deleteDeadCheck(db, deadBefore(now));
    return (await insertCheckRun(db, id, timeText(now))) ? id : null;
  }

  /** Begins one when the last one was long ago. */
  async beginWhenDue(now = new Date()): Promise<void> {
    const last = await findLastCheck(this.#context.db);
    const due = timeText(new Date(now.getTime() - checkEvery));
    if (last?.finished == null || last.finished < due) await this.begin(server);
  }

  /** Waits until the check that goes on here has ended. @param most in milliseconds */
  async wait(most: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, most);
    await Promise.race([this.#running, late.promise]);
    clearTimeout(timer);
  }

  /** Breaks off the check that goes on here, if any. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(id: string, actor: Actor): Promise<void> {
    const { db } = this.#context;
    try {
      await record(db, actor, [{ action: "check", detail: "begun" }]);
      const result = await this.#check(id);
      await db.transaction().execute(async (trx) => {
        if (!(await finishCheckRun(trx, id, timeText(new Date()), JSON.stringify(result)))) return;
        await deleteEarlierChecks(trx, id, false);
        await record(trx, actor, [{ action: "check", detail: `${result.faults.count} faults` }]);
      });
    } catch (error) {
      if (error instanceof Ended) return await deleteRunningCheck(db, id);
      this.#failed(error);
      await finishCheckRun(db, id, timeText(new Date()), "");
      await deleteEarlierChecks(db, id, true);
    }
  }

  #failed(error: unknown): void {
    this.#log(`the consistency check was not brought to its end: ${error}`);
  }

  async #check(id: string): Promise<CheckResult> {
    const { db, store } = this.#context;
    const now = new Date();
    const tally = new Tally(now);
    const step = this.#steps(id);
    // Before the first look at anything: it may have been told to stop by then.
    await step();
    const faults = await checkStore(db, store, { step, tally });
    const { ending, keyless } = await checkKeys(db, now, step);
    const auditRows = await countAuditRows(db);
    return {
      objects: tally.objects,
      faults: keptFaults(faults),
      ending: kept(ending),
      keyless: kept(keyless),
      waiting: kept(tally.waiting),
      departed: kept(tally.departed),
      stale: kept(tally.stale),
      unsigned: tally.unsigned,
      bytes: tally.bytes,
      auditRows,
      largest: [...tally.largest],
    };
  }

  /** What is done between two short reads. */
  #steps(id: string): () => Promise<void> {
    let said = Date.now();
    return async () => {
      await othersFirst();
      if (this.#stopping.signal.aborted) throw new Ended();
      const now = Date.now();
      if (now - said < beat) return;
      said = now;
      if (!(await setCheckRunAlive(this.#context.db, id, timeText(new Date(now))))) throw new Ended();
    };
  }
}
