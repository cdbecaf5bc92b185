/** The warning of a key's end comes so many days ahead. */
export const expiryWarningDays = 90;

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The sentence that warns of a key's end; `null` when that is far off, or past. */
export function expiryWarning(whose: string, expires: Date, now: Date): string | null {
  const left = expires.getTime() - now.getTime();
  if (left <= 0 || left > expiryWarningDays * day) return null;
  return `${whose} expires ${whenIn(expires, now)}; it should be renewed before`;
}

/** When a time to come is, in words: in how long, and on which day, or under a day at what time of it. */
export function whenIn(time: Date, now: Date): string {
  const isFar = time.getTime() - now.getTime() >= day;
  const at = `${dateOf(time) === dateOf(now) ? "today" : "tomorrow"} at ${time.toISOString().slice(11, 16)} UTC`;
  return `${timeUntil(time, now)}, ${isFar ? `on ${dateOf(time)}` : at}`;
}

/** In how long a time is, in words. */
export function timeUntil(time: Date, now: Date): string {
  const left = time.getTime() - now.getTime();
  if (left >= day) return `in ${counted(Math.ceil(left / day), "day")}`;
  if (left >= hour) return `in ${counted(Math.floor(left / hour), "hour")}`;
  return left < minute ? "in less than a minute" : `in ${counted(Math.floor(left / minute), "minute")}`;
}

function counted(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

/** In UTC. */
function dateOf(time: Date): string {
  return time.toISOString().slice(0, "2026-11-20".length);
}
