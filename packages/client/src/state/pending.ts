import type { StateDatabase } from "./database.ts";

/** The commits that were signed and sent, but not answered: the next command sends the same bytes first. */
export class PendingCommits {
  readonly #state: StateDatabase;
  readonly #store: string;
  readonly #user: string;

  constructor(state: StateDatabase, store: string, user: string) {
    this.#state = state;
    this.#store = store;
    this.#user = user;
  }

  all(): readonly string[] {
    return this.#state.sql
      .query<{ request: string }, [string, string]>(
        "SELECT request FROM pending WHERE store = ? AND user = ?",
      )
      .all(this.#store, this.#user)
      .map(({ request }) => request);
  }

  /** @param request the bytes of the request, as they are sent */
  keep(request: string): void {
    this.#state.sql.run("INSERT OR IGNORE INTO pending (store, user, request) VALUES (?, ?, ?)", [
      this.#store,
      this.#user,
      request,
    ]);
  }

  forget(request: string): void {
    this.#state.sql.run("DELETE FROM pending WHERE store = ? AND user = ? AND request = ?", [
      this.#store,
      this.#user,
      request,
    ]);
  }
}
