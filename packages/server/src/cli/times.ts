import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";

const units: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** What `--help` says of times. */
export const timeHelp = `A TIME is one like 2026-11-23T16:30:00Z or 2026-11-23T17:30:00+01:00 (RFC 3339),
a day like 2026-11-23 (in UTC), or so long ago: 90s, 30m, 2h, 7d, 4w.`;

/** A span of time in milliseconds since 1970, its end not in it: a moment is one millisecond, a day has all of its. */
export interface Span {
  readonly from: Date;
  readonly to: Date;
}

/**
 * A time as people write it.
 * @param option that it was given to, for the sentence
 * @throws Problem `usage`
 */
export function readTime(option: string, text: string, now: Date): Span {
  const span = ago(text, now) ?? day(text) ?? moment(text);
  if (span === null) {
    throw new Problem(
      "usage",
      `${option} takes a time like 2026-11-23T16:30:00Z, a day like 2026-11-23, or 2h or 7d for so long ago, not '${asciiLine(text)}'`,
    );
  }
  return span;
}

function ago(text: string, now: Date): Span | null {
  const [, count, unit = ""] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  return count === undefined ? null : spanAt(now.getTime() - Number(count) * (units[unit] ?? 0), 1);
}

function day(text: string): Span | null {
  return /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text)
    ? spanAt(Date.parse(`${text}T00:00:00Z`), units["d"] ?? 0)
    : null;
}

function moment(text: string): Span | null {
  const [, date, time, zone] =
    /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)([Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  if (date === undefined || zone === undefined || !isDay(date)) return null;
  return spanAt(Date.parse(`${date}T${time}${zone.toUpperCase()}`), 1);
}

/** Some engines read the 30th of February as a day in March. */
function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** `null` for what is no time, or one that has no four digits for its year. */
function spanAt(start: number, length: number): Span | null {
  const from = new Date(start);
  const to = new Date(start + length);
  const isUsual = from.getUTCFullYear() >= 0 && to.getUTCFullYear() <= 9999;
  return isUsual ? { from, to } : null;
}
