import type { Known } from "@pstore/core/checks";
import { parseManifest } from "@pstore/core/manifest";
import type { StateDatabase } from "./database.ts";

interface Row {
  id: string;
  revision: number;
  digest: string;
  manifest: string;
}

/** SQLite knows too little of the table to choose this by itself, and would look at every object of the store. */
const byNameTable = "object INDEXED BY object_name";

/** A verified manifest to remember, with its text. */
export interface Learned {
  readonly known: Known;
  readonly text: string;
}

/** The newest manifest of each object that this client has verified: below it, no revision is believed. */
export class Objects {
  readonly #state: StateDatabase;
  readonly #store: string;

  constructor(state: StateDatabase, store: string) {
    this.#state = state;
    this.#store = store;
  }

  /** What is remembered of an object. */
  byId(id: string): Known | null {
    return this.#known("object", "id = ?", id);
  }

  /** What is remembered under a name: of what, when last seen, was not deleted, and did not lose its name. */
  byName(name: string): Known | null {
    return this.#known(byNameTable, "name = ? AND deleted = 0", name);
  }

  /** What is remembered of an object that had this name when it was deleted. */
  deleted(name: string): Known | null {
    return this.#known(byNameTable, "name = ? AND deleted = 1", name);
  }

  /** The ids of all that are remembered to have had this name when they were deleted, or lost it to another. */
  deletedIds(name: string): readonly string[] {
    return this.#state.sql
      .query<{ id: string }, [string, string]>(
        `SELECT id FROM ${byNameTable} WHERE store = ? AND name = ? AND deleted = 1`,
      )
      .all(this.#store, name)
      .map(({ id }) => id);
  }

  /** What is remembered of living objects that list a user among their members. */
  withMember(user: string): readonly Known[] {
    // Whatever holds the name somewhere; only some of it as a member's.
    const sql =
      "SELECT id, revision, digest, manifest FROM object WHERE store = ? AND deleted = 0 AND instr(manifest, ?) > 0";
    return this.#state.sql
      .query<Row, [string, string]>(sql)
      .all(this.#store, JSON.stringify(user))
      .map(({ manifest, digest }) => ({ manifest: parseManifest(manifest), digest }))
      .filter(({ manifest }) => manifest.members.has(user));
  }

  /** The names under which `byName` has an answer. */
  names(): readonly string[] {
    const sql = `SELECT DISTINCT name FROM ${byNameTable} WHERE store = ? AND deleted = 0`;
    return this.#state.sql
      .query<{ name: string }, [string]>(sql)
      .all(this.#store)
      .map(({ name }) => name);
  }

  /** Whether `byName` has an answer, without reading it. */
  knows(name: string): boolean {
    const sql = `SELECT 1 FROM ${byNameTable} WHERE store = ? AND name = ? AND deleted = 0 LIMIT 1`;
    return this.#state.sql.query(sql).get(this.#store, name) !== null;
  }

  /** Remembers a verified manifest, unless a newer one is remembered already. */
  remember(known: Known, text: string): void {
    const { object, revision, deleted } = known.manifest;
    this.#state.sql.run(
      `INSERT INTO object (store, id, name, revision, digest, manifest, deleted) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET name = excluded.name, revision = excluded.revision, digest = excluded.digest,
         manifest = excluded.manifest, deleted = excluded.deleted
       WHERE excluded.revision > object.revision OR excluded.digest = object.digest`,
      [this.#store, object.id, object.name, revision, known.digest, text, deleted ? 1 : 0],
    );
  }

  /**
   * Looks an object up by its id alone from now on: another one bears its name, and no deletion of it can be shown to
   * this user. Once it is seen under a name again, it has that.
   */
  loseName(id: string): void {
    this.#state.sql.run("UPDATE object SET deleted = 1 WHERE store = ? AND id = ?", [this.#store, id]);
  }

  /** Remembers several, in one go. */
  rememberAll(items: readonly Learned[]): void {
    if (items.length === 0) return;
    this.#state.sql
      .transaction(() => {
        for (const { known, text } of items) this.remember(known, text);
      })
      .immediate();
  }

  #known(table: string, condition: string, value: string): Known | null {
    const row = this.#state.sql
      .query<Row, [string, string]>(
        `SELECT id, revision, digest, manifest FROM ${table} WHERE store = ? AND ${condition} ORDER BY revision DESC LIMIT 1`,
      )
      .get(this.#store, value);
    return row === null ? null : { manifest: parseManifest(row.manifest), digest: row.digest };
  }
}
