import { randomUUID } from "node:crypto";
import type { Db } from "../../database/open.ts";
import type { RequestCountsTable } from "../../database/schema.ts";
import {
  deleteStaleRequestCounts,
  othersRequestCounts,
  requestCountRows,
  writeRequestCounts,
} from "../../repositories/request-counts.ts";
import type { Buckets } from "./buckets.ts";

/** Of each kind of limit, a process shares the busiest sources, so that its row is some ten thousand bytes at most. */
const mostShared = 200;

/** What a process counted: of each kind of limit, by source. */
type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Shares what server processes count, through the database: a request waits for none of it.
 *
 * Each process writes how much it has counted of its busy sources since it began, into a row that is its own, so that no
 * two write the same; and adds to its own buckets what has come to the others' rows since it looked last. No clock but
 * its own plays a part in that, and a count that is missed once is in the next. What is seen for the first time counts
 * nothing, since nobody knows how old it is. Where no source is busy, the database is left alone.
 */
export class SharedCounts {
  /** The row of this process. */
  readonly #server = randomUUID();
  readonly #kinds: Readonly<Record<string, Buckets>>;
  /** What the others' rows held when this process looked last, by server. */
  #seen = new Map<string, Counts>();
  #written = 0;
  /** What {@link dropStale} found in its last round: how often each row had been written. */
  #rows = new Map<string, number>();

  constructor(kinds: Readonly<Record<string, Buckets>>) {
    this.#kinds = kinds;
  }

  /** Says what was counted here, and takes over what was counted elsewhere: about once a second. */
  async exchange(db: Db): Promise<void> {
    const own = Object.fromEntries(
      Object.entries(this.#kinds).map(([kind, buckets]) => [
        kind,
        Object.fromEntries(buckets.busy().slice(0, mostShared)),
      ]),
    );
    if (Object.values(own).every((sources) => Object.keys(sources).length === 0)) {
      this.#seen = new Map();
      return;
    }
    this.#written++;
    await writeRequestCounts(db, {
      server: this.#server,
      written: this.#written,
      counts: JSON.stringify(own),
    });
    const rows = await othersRequestCounts(db, this.#server);
    const now = new Map(rows.map((row) => [row.server, read(row)]));
    for (const [server, counts] of now) this.#learn(this.#seen.get(server) ?? {}, counts);
    this.#seen = now;
  }

  #learn(before: Counts, now: Counts): void {
    for (const [kind, buckets] of Object.entries(this.#kinds)) {
      for (const [source, total] of Object.entries(now[kind] ?? {})) {
        const more = total - (before[kind]?.[source] ?? total);
        if (more > 0) buckets.learn(source, more);
      }
    }
  }

  /**
   * Drops the rows of processes that have ended: those that nobody has written between two rounds, about an hour apart.
   * One that only was not busy writes its row anew.
   */
  async dropStale(db: Db): Promise<void> {
    const now = new Map<string, number>();
    for (const row of await requestCountRows(db)) {
      if (this.#rows.get(row.server) === row.written) await deleteStaleRequestCounts(db, row);
      else now.set(row.server, row.written);
    }
    this.#rows = now;
  }
}

/** Another version may have written it: then it counts nothing. */
function read({ counts }: RequestCountsTable): Counts {
  return JSON.parse(counts) as Counts;
}
