// Texts that trip programs: in JSON, in URLs, in forms, in key files.
import type { Random } from "../random.ts";

/** Stands in a page only when the page forgot to escape it. */
export const markup = "<fuzz-mark onload='x'>\"'&";

/** Each has tripped some program. */
const strange: readonly string[] = [
  "",
  " ",
  "\0",
  "a\0b",
  "\n",
  "\r\nX-Injected: 1\r\n",
  "\x1b[31m",
  "\x7f",
  "\ud800",
  "\udfff\ud800",
  "\u202e\u2066",
  "\ufeff",
  "\ufffd",
  "İıſẞ",
  "ﬀ",
  "e\u0301",
  "😀",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "undefined",
  "true",
  "NaN",
  "-1",
  "0",
  "00",
  "1e309",
  "9007199254740993",
  "-9223372036854775809",
  "0x10",
  "1.5",
  "%",
  "%00",
  "%ff",
  "%c0%af",
  "%ed%a0%80",
  "%25",
  "../../etc/passwd",
  "..\\..",
  "//example.com",
  "http://[",
  "'",
  '"',
  "' OR 1=1 --",
  "\\",
  "%_*?",
  "{{x}}",
  "2026-13-45T99:99:99Z",
  "+add",
  ".",
  "..",
  markup,
];

/** A strange text, at times a very long one. */
export function strangeText(random: Random): string {
  if (random.chance(4)) return random.pick(strange).repeat(1 + random.below(3000));
  if (random.chance(6))
    return "x".repeat(random.pick([149, 150, 151, 254, 255, 256, 400, 401, 1000, 2001, 70_000]));
  return random.pick(strange);
}

/** A text with something strange in it, or in its place. */
export function mutateText(random: Random, text: string): string {
  switch (random.below(7)) {
    case 0:
      return strangeText(random);
    case 1:
      return text.slice(0, random.below(text.length + 1));
    case 2:
      return text + strangeText(random);
    case 3:
      return text.toUpperCase();
    case 4:
      return `${text}${text}`;
    case 5: {
      const place = random.below(text.length + 1);
      return text.slice(0, place) + String.fromCharCode(random.below(0x1_0000)) + text.slice(place + 1);
    }
    default: {
      const place = random.below(text.length + 1);
      return text.slice(0, place) + strangeText(random) + text.slice(place);
    }
  }
}
