import type { Db } from "../database/open.ts";
import type { StoreTable } from "../database/schema.ts";

/** The store that services work on. */
export interface StoreContext {
  readonly db: Db;
  readonly store: StoreTable;
}

export interface KeptHistory {
  /** How long values are kept that were replaced, or whose object was deleted, in days. */
  readonly keepHistory: number;
}

/** Until when what is replaced or deleted at a time can be brought back. */
export function endOfHistory(time: Date, days: number): Date {
  return new Date(time.getTime() + days * 86_400_000);
}
