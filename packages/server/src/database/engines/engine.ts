import type { ColumnTypes } from "../columns.ts";
import type { Location } from "../location.ts";
import type { StoreDatabase } from "../store-database.ts";

/** What each engine does in its own way when a database is opened or made. */
export interface Engine<L extends Location> {
  /** What the tables' columns are of. */
  columnTypes(db: StoreDatabase): Promise<ColumnTypes>;
  /**
   * Opens what there is, whatever it is.
   * @throws Problem `unavailable` when there is nothing
   */
  open(location: L): Promise<StoreDatabase>;
  /**
   * Makes an empty database, or takes the one that is there for it.
   * @throws Problem `conflict` when there is something already
   */
  create(location: L): Promise<StoreDatabase>;
  /** Prepares a database that is known to be ours. */
  settle(db: StoreDatabase): Promise<void>;
  /** Takes away what {@link create} made, for whom something failed afterwards. */
  discard(location: L, db: StoreDatabase): Promise<void>;
  /** Why a database cannot be used, and what to do about it. */
  explain(error: unknown, location: L): Explanation;
}

/** Two halves of a sentence. */
export interface Explanation {
  readonly why: string;
  readonly advice: string;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
