import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { clientAddress, TrustedProxies } from "./address.ts";

function proxies(...texts: readonly string[]): TrustedProxies {
  const made = new TrustedProxies();
  for (const text of texts) expect([text, made.add(text)]).toEqual([text, true]);
  return made;
}

const none = proxies();
const some = proxies("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48", "::1");

test.each([
  ["nobody is trusted", none, "10.0.0.1", "192.0.2.7", "10.0.0.1"],
  ["the peer is a stranger", some, "192.0.2.1", "192.0.2.7", "192.0.2.1"],
  ["there is no header", some, "127.0.0.1", null, "127.0.0.1"],
  ["the header is empty", some, "127.0.0.1", "", "127.0.0.1"],
  ["one proxy", some, "127.0.0.1", "192.0.2.7", "192.0.2.7"],
  ["what the client made up stands to the left", some, "127.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"],
  ["a chain of proxies", some, "127.0.0.1", "198.51.100.1, 192.0.2.7, 10.1.1.1,10.2.2.2", "192.0.2.7"],
  ["all are trusted", some, "127.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"],
  ["rubbish ends the walk", some, "127.0.0.1", "192.0.2.7, unknown, 10.2.2.2", "10.2.2.2"],
  ["so does rubbish at the end", some, "127.0.0.1", "192.0.2.7, ", "127.0.0.1"],
  ["an address with its port is rubbish", some, "127.0.0.1", "192.0.2.7:4711", "127.0.0.1"],
  ["so is one with a zone", some, "127.0.0.1", "fe80::1%eth0", "127.0.0.1"],
  ["and one in brackets", some, "127.0.0.1", "[2001:db8::1]", "127.0.0.1"],
  ["and one with leading zeros", some, "127.0.0.1", "192.0.2.07", "127.0.0.1"],
  ["IPv6", some, "2001:db8:1:2::3", "2001:DB8:0:0:0:0:0:9", "2001:db8::9"],
  ["a peer by IPv4 at an IPv6 socket", some, "::ffff:10.0.0.1", "::ffff:c000:207", "192.0.2.7"],
  ["the same, of a stranger", some, "::ffff:192.0.2.1", "10.0.0.1", "192.0.2.1"],
  ["a peer with a zone", some, "fe80::1%2", "192.0.2.7", "fe80::1%2"],
  ["no peer", some, "", "192.0.2.7", ""],
])("%s", (_, trusted, peer, header, client) => {
  expect(clientAddress(peer, header, trusted)).toBe(client);
});

test.each([
  "",
  "x",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/-1",
  "10.0.0/8",
  "::1/129",
  "::ffff:10.0.0.0/104",
  "fe80::1%eth0",
  "a.example",
  "10.0.0.1,10.0.0.2",
  "[::1]",
])("'%s' is no address and no network", (text) => expect(new TrustedProxies().add(text)).toBe(false));

test("an IPv4 address may be trusted as it is mapped into IPv6", () => {
  expect(clientAddress("10.0.0.1", "192.0.2.7", proxies("::ffff:10.0.0.1"))).toBe("192.0.2.7");
});

const proxy = fc.ipV4().map((address) => `10${address.slice(address.indexOf("."))}`);
const stranger = fc.ipV4().filter((address) => !address.startsWith("10.") && !address.startsWith("127."));
const anything = fc.oneof(proxy, stranger, fc.ipV6(), fc.string(), fc.constant("127.0.0.1"));

test("whatever a client sends, it is known by the address that the first trusted proxy saw", () => {
  fc.assert(
    fc.property(fc.array(anything), stranger, fc.array(proxy), (sent, client, chain) => {
      const header = [...sent, client, ...chain].join(", ");
      expect(clientAddress("127.0.0.1", header, some)).toBe(client);
    }),
  );
});

test("whatever is said by who is not trusted, it counts for nothing", () => {
  fc.assert(
    fc.property(stranger, fc.array(anything), (peer, sent) => {
      expect(clientAddress(peer, sent.join(","), some)).toBe(peer);
    }),
  );
});

const group = fc.integer({ min: 0, max: 0xffff });

test("an address is written in one way, and never longer than the log has room for", () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const whole = groups.map((one) => one.toString(16).padStart(4, "0")).join(":");
      const short = groups.map((one) => one.toString(16).toUpperCase()).join(":");
      const once = clientAddress(whole, null, none);
      expect(clientAddress(short, null, none)).toBe(once);
      expect(clientAddress(once, null, none)).toBe(once);
      expect(once.length).toBeLessThanOrEqual(39);
    }),
  );
});
