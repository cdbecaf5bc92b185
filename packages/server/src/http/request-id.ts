import type { TrustedProxies } from "./address.ts";

/** What proxies make: 32 hexadecimal digits (nginx), a UUID, and the like. Nothing that could pass for more in a log. */
const pattern = /^[A-Za-z0-9._:=-]{8,128}$/;

/**
 * The id that a proxy has given to a request, so that its log and ours tell of it under one name; `null`: there is none, or
 * nobody vouches for it.
 * @param peer the address of the other end of the connection
 * @param given the header `X-Request-Id`
 */
export function givenRequestId(peer: string, given: string | null, trusted: TrustedProxies): string | null {
  return given !== null && pattern.test(given) && trusted.hasPeer(peer) ? given : null;
}
