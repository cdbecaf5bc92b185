import type { Fingerprint } from "@pstore/core/fingerprint";
import type { StateDatabase } from "./database.ts";

/** How a pinned key came to be believed: its private part is here, it was the first one seen, or `--trust`. */
export type PinSource = "own" | "first-use" | "trusted";

export interface Pin {
  readonly user: string;
  readonly fingerprint: Fingerprint;
  /** The certificate's bytes, merged from all that was seen of it. */
  readonly certificate: Uint8Array;
  readonly writeOnly: boolean;
  readonly source: PinSource;
  /** Whether the person here has meant this key: by naming its user in a command, by an answer, or by `--trust`. */
  readonly confirmed: boolean;
  /** Milliseconds since 1970, or null when it never expires. Only to warn in time: the certificate decides. */
  readonly expires: number | null;
}

interface Row {
  user: string;
  fingerprint: Fingerprint;
  certificate: Uint8Array;
  write_only: number;
  source: PinSource;
  confirmed: number;
  expires: number | null;
}

/** The public keys that this client believes to be those of a store's users. */
export class Pins {
  readonly #state: StateDatabase;
  readonly #store: string;

  constructor(state: StateDatabase, store: string) {
    this.#state = state;
    this.#store = store;
  }

  ofUser(user: string): readonly Pin[] {
    return this.#rows("user = ?", user);
  }

  /** A user's own keys, with the one that has last signed in before the others: those may not be good any more. */
  ownOf(user: string): readonly Pin[] {
    const last = this.#lastSignIn(user);
    const own = this.ofUser(user).filter((pin) => pin.source === "own");
    return own.sort((a, b) => Number(b.fingerprint === last) - Number(a.fingerprint === last));
  }

  /** Notes which key has signed a user in, pinned or not yet. */
  noteSignIn(user: string, fingerprint: Fingerprint): void {
    if (this.#lastSignIn(user) === fingerprint) return;
    this.#state.sql.run("INSERT OR REPLACE INTO sign_in (store, user, fingerprint) VALUES (?, ?, ?)", [
      this.#store,
      user,
      fingerprint,
    ]);
  }

  #lastSignIn(user: string): string | undefined {
    return this.#state.sql
      .query<{ fingerprint: string }, [string, string]>(
        "SELECT fingerprint FROM sign_in WHERE store = ? AND user = ?",
      )
      .get(this.#store, user)?.fingerprint;
  }

  /** Who a fingerprint is pinned to. */
  ownersOf(fingerprint: Fingerprint): readonly string[] {
    return this.#rows("fingerprint = ?", fingerprint).map((pin) => pin.user);
  }

  /**
   * Adds pins of one user, or replaces those of the same fingerprint.
   * @param seen what was pinned to that user when the new ones were made of it
   * @returns false, with nothing done, when another command has changed that meanwhile: a revocation that it saw would
   *   be forgotten
   */
  put(pins: readonly Pin[], seen?: readonly Pin[]): boolean {
    const insert = this.#state.sql.query(
      `INSERT OR REPLACE INTO pin (store, user, fingerprint, certificate, write_only, source, confirmed, expires)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    return this.#state.sql
      .transaction(() => {
        const [first] = pins;
        if (
          first !== undefined &&
          seen !== undefined &&
          !Bun.deepEquals(this.ofUser(first.user), seen, true)
        ) {
          return false;
        }
        for (const pin of pins) {
          const { user, fingerprint, certificate, writeOnly, source, confirmed, expires } = pin;
          insert.run(
            this.#store,
            user,
            fingerprint,
            certificate,
            writeOnly ? 1 : 0,
            source,
            confirmed ? 1 : 0,
            expires,
          );
        }
        return true;
      })
      .immediate();
  }

  /** Notes that the person here has meant the keys of a user, all of them or just some. */
  confirm(user: string, keys?: readonly Fingerprint[]): void {
    const all = keys ?? this.ofUser(user).map(({ fingerprint }) => fingerprint);
    const update = this.#state.sql.query(
      "UPDATE pin SET confirmed = 1 WHERE store = ? AND user = ? AND fingerprint = ?",
    );
    for (const fingerprint of all) update.run(this.#store, user, fingerprint);
  }

  #rows(condition: string, value: string): readonly Pin[] {
    const rows = this.#state.sql
      .query<Row, [string, string]>(
        `SELECT user, fingerprint, certificate, write_only, source, confirmed, expires FROM pin
         WHERE store = ? AND ${condition} ORDER BY fingerprint`,
      )
      .all(this.#store, value);
    return rows.map(({ write_only, confirmed, ...row }) => ({
      ...row,
      writeOnly: write_only === 1,
      confirmed: confirmed === 1,
    }));
  }
}
