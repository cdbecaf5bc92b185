// Headers that no client sends.
import { mutateText, strangeText } from "../mutate/text.ts";
import type { Random } from "../random.ts";

type Header = readonly [name: string, value: string];

/** Names that servers and what stands before them look at. */
const names = [
  "accept",
  "accept-encoding",
  "authorization",
  "content-encoding",
  "content-type",
  "cookie",
  "expect",
  "forwarded",
  "if-none-match",
  "if-modified-since",
  "origin",
  "range",
  "referer",
  "sec-fetch-site",
  "user-agent",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-http-method-override",
  "x-request-id",
];

const values = [
  "",
  ",",
  ";;;=",
  "*/*;q=2",
  "gzip",
  "gzip, deflate, br",
  "bytes=0-0,1-1,-5",
  'W/"x"',
  "100-continue",
  "Bearer ",
  "Bearer a b",
  "Basic Og==",
  "null",
  "1.2.3.4, , 256.1.1.1, ::1%eth0, unknown",
  "198.51.100.7",
  "[::ffff:1.2.3.4]:80",
  "multipart/form-data; boundary=",
  "multipart/form-data",
  "application/json; charset=utf-16",
  "application/x-www-form-urlencoded",
  "text/plain",
  '=; ==; a="',
  "pstore-session=%00; pstore-session=x",
  "Thu, 99 Foo 2026 25:61:61 GMT",
  "DELETE",
];

/** One header, well-formed as such, of whatever content. */
export function strangeHeader(random: Random): Header {
  const value = random.chance(70) ? random.pick(values) : strangeText(random);
  return [random.pick(names), fieldValue(random.chance(30) ? mutateText(random, value) : value)];
}

/** A text as the value of a header: what HTTP forbids in one is left out, and it is no longer than servers take. */
export function fieldValue(text: string): string {
  return Buffer.from(text.slice(0, 4000))
    .toString("latin1")
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "");
}

const brokenHeaders: readonly Header[] = [
  ["host", ""],
  ["host", "["],
  ["host", "a b"],
  ["host", "example.com:99999999"],
  ["host", "@/\\?#"],
  ["host", "\xff\xfe"],
  ["content-length", "-1"],
  ["content-length", "1e3"],
  ["content-length", "99999999999999999999"],
  ["content-length", "0x10"],
  ["content-length", "5, 6"],
  ["transfer-encoding", "chunked, identity"],
  ["transfer-encoding", "xchunked"],
  ["transfer-encoding", "\x0bchunked"],
  ["connection", "upgrade"],
  ["upgrade", "websocket"],
  ["x y", "z"],
  ["", "z"],
  ["x\0", "z"],
  ["x", "a\0b"],
  ["x", "a\rb"],
  ["x", "a\nb"],
  ["x", "y".repeat(20_000)],
  ["expect", "200-maybe"],
];

/** A header that HTTP itself forbids, or that says what is not so. */
export function brokenHeader(random: Random): Header {
  return random.pick(brokenHeaders);
}
