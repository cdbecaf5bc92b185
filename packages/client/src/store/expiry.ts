/** The warning of a key's end comes so many days ahead. */
export const expiryWarningDays = 90;

const day = 86_400_000;

/** The sentence that warns of a key's end; `null` when that is far off, or past. */
export function expiryWarning(whose: string, expires: Date, now: Date): string | null {
  const days = daysUntil(expires, now);
  if (days <= 0 || days > expiryWarningDays) return null;
  const when = `in ${days} ${days === 1 ? "day" : "days"}, on ${expires.toISOString().slice(0, 10)}`;
  return `${whose} expires ${when}; it should be renewed before`;
}

/** In how many days a time is; under a day counts for one. */
export function daysUntil(time: Date, now: Date): number {
  return Math.ceil((time.getTime() - now.getTime()) / day);
}
