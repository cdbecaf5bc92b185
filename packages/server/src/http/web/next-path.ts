/** Where it goes on when nothing else was asked for, or something that is no page of ours. */
const home = "/";

/**
 * A path of this server, with its parameters, from a parameter that anybody may have written: as a browser reads it, it
 * leads nowhere else (`//elsewhere`, `/\elsewhere`, `/.//elsewhere`, control characters that browsers leave out).
 */
export function nextPath(given: string | undefined): string {
  if (given === undefined || !/^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(given)) return home;
  const origin = "http://pstore.invalid";
  const url = URL.parse(given, origin);
  // What a browser would make another text of is none of ours.
  if (url === null || url.origin !== origin || `${url.pathname}${url.search}` !== given) return home;
  // The sign-in and the sign-out are no places to go to.
  return /^\/sign-(?:in|out)(?:[/?]|$)/.test(given) ? home : given;
}

/**
 * The page of ours that a form, or a link, was on, as far as the browser says.
 * @param origins of this server
 */
export function pathBefore(request: Request, origins: readonly string[]): string {
  const url = URL.parse(request.headers.get("referer") ?? "");
  if (url === null || !origins.includes(url.origin)) return home;
  // What was done before that page is no news any more.
  url.searchParams.delete("done");
  return nextPath(`${url.pathname}${url.search}`);
}
