import type { SelectQueryBuilder } from "kysely";
import type { Db } from "../database/open.ts";
import { type Tables, timeText } from "../database/schema.ts";
import type { LoggedRow } from "./audit.ts";
import { type Condition, type Search, within } from "./audit-search.ts";

/** Oldest or newest first. */
export type Order = "asc" | "desc";

/** Where in the log somebody stands: at a row, or (without an id) behind all of its millisecond. */
export interface Place {
  readonly time: string;
  readonly id: string | null;
}

/** The rows that were found, and how far the log was looked through for them. */
export interface Slice {
  readonly rows: LoggedRow[];
  /** `null`: to its end, if the rows are fewer than were asked for. */
  readonly seen: Place | null;
}

/** So many rows are looked at in one query, where an index alone does not tell whether they fit. */
const lookedAt = 5000;
/**
 * The conditions of a span, and to be behind a place. Each side has one bound alone: of two, a database would take the
 * first for its index, and pass over all rows between them.
 */
function further(span: Search["span"], place: Place | null, order: Order): Condition {
  if (place === null) return within(span);
  const { since, before } = span;
  const { time, id } = place;
  const isAscending = order === "asc";
  const isOutside = isAscending
    ? since !== undefined && time < since
    : before !== undefined && time >= before;
  if (isOutside) return within(span);
  const beyond = isAscending ? ">" : "<";
  return (eb) =>
    eb.and([
      within(isAscending ? { before } : { since })(eb),
      ...(id === null
        ? [eb("time", beyond, time)]
        : [eb("time", `${beyond}=`, time), eb.or([eb("time", beyond, time), eb("id", beyond, id)])]),
    ]);
}

/**
 * The next rows of a search behind a place. One query looks at few rows, however many there are, so that nobody waits
 * for it: where few of them fit, fewer come than were asked for, and it goes on from where they were seen.
 * @param options `behind`: `null` for the start
 */
export async function auditSlice(
  db: Db,
  search: Search,
  options: {
    readonly order: Order;
    readonly behind: Place | null;
    readonly limit: number;
    /** How many rows one query looks at. */
    readonly look?: number;
  },
): Promise<Slice> {
  const { parts, rest, span } = search;
  const { order, behind, limit, look = lookedAt } = options;
  // Nothing can be found of an object that there never was, or of what contradicts itself.
  if (parts.length === 0) return { rows: [], seen: null };
  const of = (part: Condition) =>
    db
      .selectFrom("audit")
      .where(part)
      .where(further(span, behind, order));
  const end = rest.length === 0 ? null : await endOfLook(db, parts.map(of), order, look);
  const rows = await joined(
    db,
    parts.map((part) => {
      let query = db.selectFrom("audit").selectAll().where(part);
      query = query.where(further(end === null ? span : narrowed(span, end, order), behind, order));
      for (const condition of rest) query = query.where(condition);
      return query.orderBy("time", order).orderBy("id", order).limit(limit);
    }),
  )
    .orderBy("time", order)
    .orderBy("id", order)
    .limit(limit)
    .execute();
  return { rows, seen: end === null ? null : { time: end, id: null } };
}

/** A span up to the last millisecond of a look. */
function narrowed(span: Search["span"], end: string, order: Order): Search["span"] {
  return order === "desc"
    ? { ...span, since: end }
    : { ...span, before: timeText(new Date(Date.parse(end) + 1)) };
}

/** The time to which one look goes; `null` where it goes to the end. */
async function endOfLook(
  db: Db,
  parts: readonly SelectQueryBuilder<Tables, "audit", object>[],
  order: Order,
  look: number,
): Promise<string | null> {
  const times = parts.map((part) => part.select("time").orderBy("time", order).limit(look));
  const last = joined(db, times)
    .orderBy("time", order)
    .offset(look - 1)
    .limit(1);
  return (await last.executeTakeFirst())?.time ?? null;
}

/** The rows of all queries, each of which has its own order and limit. */
function joined<O>(db: Db, queries: readonly SelectQueryBuilder<Tables, "audit", O>[]) {
  const [first, ...others] = queries.map((query) => db.selectFrom(query.as("part")).selectAll());
  if (first === undefined) throw new Error("there is no query");
  let all = first;
  for (const other of others) all = all.unionAll(other) as typeof first;
  return db.selectFrom(all.as("parts")).selectAll();
}
