import type { StateDatabase } from "./database.ts";

/** Which store each URL was seen to be. */
export class Urls {
  readonly #state: StateDatabase;

  constructor(state: StateDatabase) {
    this.#state = state;
  }

  /** The id of the store that this URL was pinned to. */
  storeOf(url: string): string | null {
    const row = this.#state.sql
      .query<{ store: string }, [string]>("SELECT store FROM url WHERE url = ?")
      .get(url);
    return row?.store ?? null;
  }

  /** The URLs that were pinned to a store. */
  of(store: string): readonly string[] {
    const rows = this.#state.sql
      .query<{ url: string }, [string]>("SELECT url FROM url WHERE store = ? ORDER BY url")
      .all(store);
    return rows.map(({ url }) => url);
  }

  pin(url: string, store: string): void {
    this.#state.sql.run("INSERT INTO url (url, store) VALUES (?, ?) ON CONFLICT DO NOTHING", [url, store]);
  }
}
