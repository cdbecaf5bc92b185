import type { Db } from "../database/open.ts";
import type { StoreTable } from "../database/schema.ts";

/** The store that services work on. */
export interface StoreContext {
  readonly db: Db;
  readonly store: StoreTable;
}
