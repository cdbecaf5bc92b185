/**
 * What Retry-After says (RFC 9110, section 10.2.3), in seconds; `null`: nothing that can be understood. A time is taken
 * relative to the Date that stands beside it, since the clocks of two hosts differ.
 */
export function retryAfterOf(headers: Headers): number | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const then = Date.parse(text);
  if (Number.isNaN(then) || !/GMT$/.test(text)) return null;
  const said = Date.parse(headers.get("date") ?? "");
  return Math.max(0, Math.ceil((then - (Number.isNaN(said) ? Date.now() : said)) / 1000));
}
