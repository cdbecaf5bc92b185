import { isIPv6 } from "node:net";

/**
 * What the attempts from an address are counted under: an IPv4 address, also in IPv6's clothes, by itself; an IPv6
 * address by its first 64 bits, since everybody with one of them has them all (RFC 6177).
 */
export function sourceOf(address: string): string {
  const [bare = ""] = address.split("%", 1);
  if (!isIPv6(bare)) return bare.slice(0, 64);
  // The URL parser writes every form of an address in the one of RFC 5952, with IPv4 parts as hex.
  const text = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(text) ?? [];
  if (high !== undefined && low !== undefined) {
    const octets = [high, low].flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 255];
    });
    return octets.join(".");
  }
  const [front = "", back] = text.split("::");
  const groups = front === "" ? [] : front.split(":");
  if (back !== undefined) {
    const behind = back === "" ? [] : back.split(":");
    while (groups.length + behind.length < 8) groups.push("0");
    groups.push(...behind);
  }
  return `${groups.slice(0, 4).join(":")}::/64`;
}
