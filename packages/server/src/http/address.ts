import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

/** The addresses of the proxies whose word counts about who is behind them. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /**
   * Adds an address, or all of a network: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32` (RFC 4632, RFC 4291).
   * @returns whether the text is one
   */
  add(text: string): boolean {
    const [, given = "", prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const address = plainAddress(given);
    if (address === null) return false;
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    const width = family === "ipv4" ? 32 : 128;
    // The network of an IPv4 address that is written as an IPv6 one would be of other bits than it says.
    if (prefix !== undefined && (Number(prefix) > width || isIPv4(address) !== isIPv4(given))) return false;
    if (prefix === undefined) this.#list.addAddress(address, family);
    else this.#list.addSubnet(address, Number(prefix), family);
    return true;
  }

  /** Whether one of them is at the other end of a connection. */
  hasPeer(peer: string): boolean {
    const address = plainAddress(peer);
    return address !== null && this.has(address);
  }

  /** @param address as {@link plainAddress} gives it */
  has(address: string): boolean {
    return this.#list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  }
}

/**
 * The address of whoever made a request, for the log and for limits.
 *
 * Each proxy adds the address that it was spoken to from to the right end of `X-Forwarded-For`; what stood there before, the
 * client itself may have made up. So the list is walked from the right, as long as whoever wrote the next entry is
 * trusted: the first address that is not trusted is the client's; an entry that is none ends the walk. (`Forwarded`, RFC 7239, is not
 * read: hardly a proxy writes it, and one that leaves it alone would hand on whatever a client says there.)
 * @param peer the address of the other end of the connection
 * @param forwardedFor the header's value, several joined by commas; `null`: there is none
 */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: TrustedProxies): string {
  let client = plainAddress(peer);
  // Whatever has no address, or one with a zone, is on no list.
  if (client === null) return peer;
  for (const entry of (forwardedFor ?? "").split(",").reverse()) {
    if (!trusted.has(client)) break;
    const next = plainAddress(entry.trim());
    if (next === null) break;
    client = next;
  }
  return client;
}

/**
 * An address as it is always written (RFC 5952), an IPv4 one that is mapped into IPv6 (RFC 4291, section 2.5.5.2) as the IPv4
 * one that it is; `null`: it is none.
 */
function plainAddress(text: string): string | null {
  if (isIPv4(text)) return text;
  // A zone (`%eth0`) means something on one host alone.
  if (!isIPv6(text) || text.includes("%")) return null;
  const address = URL.parse(`http://[${text}]`)?.hostname.slice(1, -1) ?? "";
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (mapped === null) return isIP(address) === 6 ? address : null;
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
