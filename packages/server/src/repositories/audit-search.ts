import type { Expression, ExpressionBuilder, SqlBool } from "kysely";
import type { Db } from "../database/open.ts";
import { flag, type Tables } from "../database/schema.ts";

/** Which rows are asked for; what is not said holds for all. */
export interface AuditFilter {
  user?: string | undefined;
  /** Now or at the time under this name. */
  object?: string | undefined;
  property?: string | undefined;
  action?: string | undefined;
  outcome?: string | undefined;
  /** Whatever was not done. */
  refused?: boolean | undefined;
  /** RFC 3339 in UTC with milliseconds, as every time in the tables. */
  since?: string | undefined;
  before?: string | undefined;
}

export type Condition = (eb: ExpressionBuilder<Tables, "audit">) => Expression<SqlBool>;
const everything: Condition = (eb) => eb.and([]);

/**
 * One of the things that a filter names: as conditions that an index answers in the order of times, each row under one
 * of them alone; and as a condition on rows that were found otherwise.
 */
interface Way {
  readonly parts: readonly Condition[];
  /** The parts hold more than what is named. */
  readonly isLoose?: boolean;
  readonly rest: Condition;
}

/** How the rows of a filter are looked for: those of the parts, which an index has, that fit the rest as well. */
export interface Search {
  readonly parts: readonly Condition[];
  readonly rest: readonly Condition[];
  readonly span: Pick<AuditFilter, "since" | "before">;
}

/** Two ways with more rows than this are taken for equally long. */
const longestCount = 20_000;
/** More objects than this that have or had one name, or names of one object, are not looked up one by one. */
const mostPlaces = 20;

/** Decides how to look for the rows of a filter: by what the fewest rows have of what it names. */
export async function planSearch(db: Db, filter: AuditFilter): Promise<Search> {
  const { property, outcome } = filter;
  const span = { since: filter.since, before: filter.before };
  if (outcome === "ok" && filter.refused === true) return { parts: [], rest: [], span };
  const ways = await waysOf(db, filter);
  const lengths = await Promise.all(
    ways.map((way) => (ways.length === 1 ? 0 : lengthOf(db, { ...way, rest: [], span }))),
  );
  const chosen = lengths.indexOf(Math.min(...lengths));
  const rest = ways.filter((way, at) => at !== chosen || way.isLoose).map((way) => way.rest);
  if (property !== undefined) rest.push((eb) => eb(plain(eb, "property"), "=", property));
  if (outcome !== undefined && outcome !== "ok") rest.push((eb) => eb(plain(eb, "outcome"), "=", outcome));
  return { parts: ways[chosen]?.parts ?? [everything], rest, span };
}

/**
 * A column as an expression that no index is of: else a database may look for the rest of a filter by an index of its
 * own choice, through many more rows.
 */
export function plain<
  C extends "user_name" | "object_id" | "object_name" | "property" | "action" | "outcome",
>(eb: ExpressionBuilder<Tables, "audit">, column: C) {
  return eb.fn.coalesce(column, eb.val(""));
}

/** What a filter names, what is likely to have the fewest rows first. */
async function waysOf(db: Db, filter: AuditFilter): Promise<Way[]> {
  const { user, object, action } = filter;
  const refused = refusedOf(filter);
  const ways: Way[] = [];
  if (object !== undefined) ways.push(await objectWay(db, object));
  if (user !== undefined) {
    ways.push({
      parts: [(eb) => eb("user_name", "=", user)],
      rest: (eb) => eb(plain(eb, "user_name"), "=", user),
    });
  }
  if (action !== undefined) {
    const flags = refused === undefined ? ([0, 1] as const) : [flag(refused)];
    ways.push({
      parts: flags.map((value) => (eb) => eb.and([eb("action", "=", action), eb("refused", "=", value)])),
      rest: (eb) => eb(plain(eb, "action"), "=", action),
    });
  }
  if (refused !== undefined) {
    ways.push({
      parts: [(eb) => eb("refused", "=", flag(refused))],
      rest: (eb) => eb(eb.fn.coalesce("refused", eb.val(0)), "=", flag(refused)),
    });
  }
  return ways;
}

function refusedOf({ outcome, refused }: AuditFilter): boolean | undefined {
  if (outcome !== undefined) return outcome !== "ok";
  return refused === true ? true : undefined;
}

/** An object and a name under which the log has it. */
interface NamedObject {
  readonly id: string;
  readonly name: string;
}

/** The rows of the objects that have a name now, and those that were written under it. */
async function objectWay(db: Db, name: string): Promise<Way> {
  const present = db.selectFrom("objects").select("id").where("name", "=", name);
  const ids = (await present.limit(mostPlaces + 1).execute()).map(({ id }) => id);
  const logged = await objectsLogged(db, name);
  const earlier = ids.length > mostPlaces ? [] : await earlierNames(db, ids, name);
  if (ids.length > mostPlaces || logged.length > mostPlaces || earlier.length > mostPlaces) {
    const rest: Condition = (eb) =>
      eb.or([eb(plain(eb, "object_name"), "=", name), eb(plain(eb, "object_id"), "in", present)]);
    return { parts: [everything], isLoose: true, rest };
  }
  const places: readonly NamedObject[] = [...logged.map((id) => ({ id, name })), ...earlier];
  return {
    parts: places.map(
      (place): Condition =>
        (eb) =>
          eb.and([eb("object_name", "=", place.name), eb("object_id", "=", place.id)]),
    ),
    rest: (eb) =>
      eb.or([
        eb(plain(eb, "object_name"), "=", name),
        ...ids.map((id) => eb(plain(eb, "object_id"), "=", id)),
      ]),
  };
}

/** The ids under which the log has a name: few, though the rows may be many. Empty stands for what there was not. */
async function objectsLogged(db: Db, name: string): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length <= mostPlaces) {
    let query = db.selectFrom("audit").select("object_id").where("object_name", "=", name);
    const last = ids.at(-1);
    if (last !== undefined) query = query.where("object_id", ">", last);
    const next = await query.orderBy("object_id").limit(1).executeTakeFirst();
    if (next === undefined) break;
    ids.push(next.object_id);
  }
  return ids;
}

/** The other names that objects had, by the rows that gave them: so no index is needed of all rows of each object. */
async function earlierNames(db: Db, ids: readonly string[], name: string): Promise<NamedObject[]> {
  const found: NamedObject[] = [];
  for (const id of ids) {
    const rows = await db
      .selectFrom("audit")
      .select("object_name")
      .distinct()
      .where("object_id", "=", id)
      .where("action", "in", ["create", "rename"])
      .where("object_name", "!=", name)
      .limit(mostPlaces + 1)
      .execute();
    found.push(...rows.map((row) => ({ id, name: row.object_name })));
  }
  return found;
}

/** How many rows the parts of a search have, up to {@link longestCount} of each. */
async function lengthOf(db: Db, { parts, span }: Search): Promise<number> {
  let length = 0;
  for (const part of parts) {
    const some = db.selectFrom("audit").select("time").where(part).where(within(span)).limit(longestCount);
    const { rows } = await db
      .selectFrom(some.as("some"))
      .select((eb) => eb.fn.countAll<number>().as("rows"))
      .executeTakeFirstOrThrow();
    length += Number(rows);
  }
  return length;
}

/** The condition of a span of time. */
export function within({ since, before }: Search["span"]): Condition {
  return (eb) =>
    eb.and([
      ...(since === undefined ? [] : [eb("time", ">=", since)]),
      ...(before === undefined ? [] : [eb("time", "<", before)]),
    ]);
}
