import { expect, test } from "bun:test";
import { readTime } from "./times.ts";

const now = new Date("2026-11-23T16:30:57.123Z");
const read = (text: string) => {
  const { from, to } = readTime("--since", text, now);
  return [from.toISOString(), to.getTime() - from.getTime()];
};

const times: [text: string, from: string, length: number][] = [
  ["2026-11-23T16:30:00Z", "2026-11-23T16:30:00.000Z", 1],
  ["2026-11-23 17:30:00.25+01:00", "2026-11-23T16:30:00.250Z", 1],
  ["2026-11-23t16:30:00z", "2026-11-23T16:30:00.000Z", 1],
  ["2026-11-23", "2026-11-23T00:00:00.000Z", 86_400_000],
  ["2028-02-29", "2028-02-29T00:00:00.000Z", 86_400_000],
  ["90s", "2026-11-23T16:29:27.123Z", 1],
  ["30m", "2026-11-23T16:00:57.123Z", 1],
  ["2h", "2026-11-23T14:30:57.123Z", 1],
  ["7d", "2026-11-16T16:30:57.123Z", 1],
  ["4w", "2026-10-26T16:30:57.123Z", 1],
];
for (const [text, from, length] of times) {
  test(`${text} is a time`, () => expect(read(text)).toEqual([from, length]));
}

for (const text of [
  "",
  "x",
  "2026",
  "2026-13-01",
  "2026-02-30",
  "2026-11-23T16:30:00",
  "2026-11-23T25:00:00Z",
  "2026-02-30T10:00:00Z",
  "2026-11-23T16:30Z",
  "2h ago",
  "-2h",
  "1.5h",
  "999999w",
  "2h\n",
]) {
  test(`${JSON.stringify(text)} is none`, () => {
    expect(() => read(text)).toThrow(/^--since takes a time like .*, not '/);
  });
}
