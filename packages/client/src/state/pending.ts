import type { StateDatabase } from "./database.ts";

/** How long an answer is waited for at most, in milliseconds: after that, no process can still be at it. */
const longestWait = 120_000;

interface Row {
  request: string;
  pid: number;
  sent: number;
}

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

  /** Those that nobody waits for any more: another command that runs now will be answered itself. */
  all(): readonly string[] {
    return this.#state.sql
      .query<Row, [string, string]>("SELECT request, pid, sent FROM pending WHERE store = ? AND user = ?")
      .all(this.#store, this.#user)
      .filter(({ pid, sent }) => Date.now() - sent > longestWait || !isOther(pid))
      .map(({ request }) => request);
  }

  /** @param request the bytes of the request, as they are sent */
  keep(request: string): void {
    this.#state.sql.run(
      "INSERT OR IGNORE INTO pending (store, user, request, pid, sent) VALUES (?, ?, ?, ?, ?)",
      [this.#store, this.#user, request, process.pid, Date.now()],
    );
  }

  forget(request: string): void {
    this.#state.sql.run("DELETE FROM pending WHERE store = ? AND user = ? AND request = ?", [
      this.#store,
      this.#user,
      request,
    ]);
  }
}

/** Whether a process id is that of another process that runs. */
function isOther(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
