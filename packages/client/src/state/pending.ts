import type { StateDatabase } from "./database.ts";

/** How long an answer is waited for at most, in milliseconds: after that, no process can still be at it. */
const longestWait = 120_000;

interface Row {
  request: string;
  pid: number;
  sent: number;
}

/** In place of a process id: a signal has ended the command, so the person there does not want the change any more. */
const givenUp = 0;

/** A commit that was signed and sent, but not answered. */
export interface Pending {
  /** The bytes of the request. */
  readonly request: string;
  /** Whether it is not to be sent again. */
  readonly isGivenUp: boolean;
}

/** The commits that were not answered: the next command sends the same bytes first, unless they were given up. */
export class PendingCommits {
  readonly #state: StateDatabase;
  readonly #store: string;
  readonly #user: string;
  readonly #hooks = new Map<string, (status: number) => void>();

  constructor(state: StateDatabase, store: string, user: string) {
    this.#state = state;
    this.#store = store;
    this.#user = user;
  }

  /** Those that nobody waits for any more: another command that runs now will be answered itself. */
  all(): readonly Pending[] {
    return this.#state.sql
      .query<Row, [string, string]>("SELECT request, pid, sent FROM pending WHERE store = ? AND user = ?")
      .all(this.#store, this.#user)
      .filter(({ pid, sent }) => pid === givenUp || Date.now() - sent > longestWait || !isOther(pid))
      .map(({ request, pid }) => ({ request, isGivenUp: pid === givenUp }));
  }

  /**
   * Keeps a commit until it is forgotten; should a signal end this process before, it is given up.
   * @param request the bytes of the request, as they are sent
   * @param onGivenUp called then, to tell the person there
   */
  keep(request: string, onGivenUp: () => void): void {
    this.#insert(request);
    const hook = (status: number) => {
      // Below are the ends of its own accord.
      if (status <= 128) return;
      this.#giveUp(request);
      onGivenUp();
    };
    process.once("exit", hook);
    this.#hooks.set(request, hook);
  }

  #insert(request: string): void {
    this.#state.sql.run(
      "INSERT OR IGNORE INTO pending (store, user, request, pid, sent) VALUES (?, ?, ?, ?, ?)",
      [this.#store, this.#user, request, process.pid, Date.now()],
    );
  }

  #giveUp(request: string): void {
    this.#state.sql.run("UPDATE pending SET pid = ? WHERE store = ? AND user = ? AND request = ?", [
      givenUp,
      this.#store,
      this.#user,
      request,
    ]);
  }

  forget(request: string): void {
    const hook = this.#hooks.get(request);
    if (hook !== undefined) process.off("exit", hook);
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
