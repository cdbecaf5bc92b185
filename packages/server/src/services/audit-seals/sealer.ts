import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../log/log.ts";
import { findSeal, newestSeal } from "../../repositories/audit-seals.ts";
import type { StoreContext } from "../context.ts";
import { nameOf, type SealName, shownName } from "./seal.ts";
import { announcement } from "./seal-names.ts";
import { sealSome } from "./sealing.ts";

/**
 * Seals the audit log beside what else a server does, prints the newest seal, so that it stands in the system's log too,
 * and looks whether the last one that it saw is still there.
 */
export class Sealer {
  readonly #context: StoreContext;
  readonly #log: Log;
  #seen: SealName | null = null;
  #isMissed = false;
  #printed: SealName | null = null;

  constructor(context: StoreContext, log: Log) {
    this.#context = context;
    this.#log = log;
  }

  /** Seals what is not sealed yet. @param stopping is looked at between two seals */
  async seal(stopping: AbortSignal): Promise<void> {
    // What the chain goes on from has to be known first.
    if (!(await this.#isAsSeen())) return;
    for (;;) {
      const began = performance.now();
      const sealed = await sealSome(this.#context);
      if (sealed === null) break;
      this.#seen = sealed;
      if (stopping.aborted) break;
      // The rows of a long time take a while, in which others have their turn for at least as long.
      await sleep(performance.now() - began);
    }
  }

  /** Seals what is not sealed yet, and prints the newest seal unless it has done so, whichever server made it. */
  async print(stopping: AbortSignal): Promise<void> {
    await this.seal(stopping);
    const newest = await newestSeal(this.#context.db);
    if (newest === undefined) return;
    const name = nameOf(newest.number, newest.text);
    if (isSame(name, this.#printed)) return;
    this.#log.message("info", announcement(name));
    this.#printed = name;
  }

  /**
   * Looks at the seal that was seen last, and says so, once, when it has been changed or is gone.
   * @returns whether that is known: the first time that it is not found it is not
   */
  async #isAsSeen(): Promise<boolean> {
    const { db } = this.#context;
    const seen = this.#seen;
    if (seen !== null) {
      const found = await findSeal(db, seen.number);
      // Another host of the same database may be a moment behind the one that was asked before.
      if (found === undefined && !this.#isMissed) {
        this.#isMissed = true;
        return false;
      }
      if (found === undefined || !isSame(nameOf(found.number, found.text), seen)) {
        const what = found === undefined ? "is gone" : "was changed";
        this.#log.message(
          "error",
          `the audit log was tampered with, or an older copy of it was restored: its seal ${shownName(seen)} ${what}; run 'pstore-server audit --verify --expect ${shownName(seen)}' and compare with the seals in the system's log`,
        );
      }
    }
    const newest = await newestSeal(db);
    this.#isMissed = false;
    this.#seen = newest === undefined ? null : nameOf(newest.number, newest.text);
    return true;
  }
}

function isSame(one: SealName, other: SealName | null): boolean {
  return one.number === other?.number && one.digest === other.digest;
}
