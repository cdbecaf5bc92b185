import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { auditActions } from "../../../../services/audit-actions.ts";
import type { AuditFilter, Place } from "../../../../services/audit-log.ts";
import { text } from "../../form.ts";

const outcomes = ["", "done", "refused"] as const;

/** Whether a text is a day of the calendar, `YYYY-MM-DD`. */
function isDay(value: string): boolean {
  const time = Date.parse(`${value}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(time) && dayOf(time) === value;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

const day = v.pipe(
  text,
  v.check((value) => value === "" || isDay(value)),
);

/** What stands behind `?` of the log's pages; what is empty counts as not given. */
export const logQuery = v.object({
  user: v.optional(v.pipe(text, v.maxLength(150)), ""),
  object: v.optional(v.pipe(text, v.maxLength(255)), ""),
  action: v.optional(v.picklist(["", ...auditActions]), ""),
  outcome: v.optional(v.picklist(outcomes), ""),
  /** The first and the last day, in UTC. */
  from: v.optional(day, ""),
  to: v.optional(day, ""),
});

export type LogQuery = v.InferOutput<typeof logQuery>;

const dayLength = 86_400_000;

/**
 * The rows that are asked for.
 * @throws Problem `bad-request` when the days are none that follow each other
 */
export function filterOf({ user, object, action, outcome, from, to }: LogQuery): AuditFilter {
  if (from !== "" && to !== "" && from > to)
    throw new Problem("bad-request", "the first day is after the last one; exchange them");
  const filter: AuditFilter = {};
  if (user !== "") filter.user = user;
  if (object !== "") filter.object = object;
  if (action !== "") filter.action = action;
  if (outcome === "done") filter.outcome = "ok";
  if (outcome === "refused") filter.refused = true;
  if (from !== "") filter.since = `${from}T00:00:00.000Z`;
  // Behind the last day that has four digits for its year, no row can be.
  if (to !== "" && to < "9999-12-31") filter.before = `${dayOf(Date.parse(to) + dayLength)}T00:00:00.000Z`;
  return filter;
}

const placePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)(?:_([0-9A-Za-z-]{1,36}))?$/;

/** Where a page begins, as it stands in its URL. */
export const placeText = v.pipe(v.string(), v.regex(placePattern));

/** The URL's word for a place. */
export function textOf({ time, id }: Place): string {
  return id === null ? time : `${time}_${id}`;
}

/** The reverse of {@link textOf}; `null`: the newest row. */
export function placeOf(given: string | undefined): Place | null {
  const [, time, id = null] = placePattern.exec(given ?? "") ?? [];
  return time === undefined ? null : { time, id };
}
