import type { Db } from "../../database/open.ts";
import { lastCommitTime } from "../../repositories/revisions.ts";
import { readStore } from "../../repositories/store.ts";
import { readTotals } from "../../repositories/totals.ts";

/** By what a copy of a store is recognised. */
export interface StoreFacts {
  readonly id: string;
  /** Objects that live. */
  readonly objects: number;
  readonly users: number;
  /** When the last commit came; `null`: there is none. */
  readonly newest: string | null;
}

/** Reads what a copy has in it. */
export async function storeFacts(db: Db): Promise<StoreFacts> {
  const { id } = await readStore(db);
  const { objects, users } = await readTotals(db);
  return { id, objects, users, newest: await lastCommitTime(db) };
}
