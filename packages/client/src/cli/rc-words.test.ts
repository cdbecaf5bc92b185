import { describe, expect, test } from "bun:test";
import { Problem } from "@pstore/core/problem";
import fc from "fast-check";
import { parseRc } from "./rc-words.ts";

const texts = (file: string) => parseRc(file, "rc").common.map(({ text }) => text);
const places = (file: string) => parseRc(file, "rc").common.map(({ text, place }) => [text, place]);

describe("words", () => {
  test.each([
    ["  --store-url=https://a\n\t--user=joe   -v\n", ["--store-url=https://a", "--user=joe", "-v"]],
    ["\ufeff-v\r\n-u joe\r\n", ["-v", "-u", "joe"]],
    ["# all of this\n-v # and this\n-u#no #\n#", ["-v", "-u#no"]],
    [`'a b' "c  d" e\\ f`, ["a b", "c  d", "e f"]],
    [`--store-url="https://a"'/b'/c`, ["--store-url=https://a/b/c"]],
    [`'' "" a''`, ["", "", "a"]],
    [`'\\' "\\"" "\\\\" "\\a" \\\\ \\" \\'`, ["\\", '"', "\\", "\\a", "\\", '"', "'"]],
    [`'#' \\# "#"# a'b'#c`, ["#", "#", "##", "ab#c"]],
    [`'"' "'"`, ['"', "'"]],
    ['$HOME `x` ~ * "$a" "\\$b"', ["$HOME", "`x`", "~", "*", "$a", "$b"]],
    ["a\\\nb \\\n c \\\r\n d", ["ab", "c", "d"]],
    ["a \\\n[b]", ["a", "[b]"]],
    ["'[b]' a [c]", ["[b]", "a", "[c]"]],
    ["", []],
  ])("%j", (file, words) => {
    expect(texts(file)).toEqual(words);
  });

  test("know their lines", () => {
    expect(places("a b\n\n# x\nc\\\nd e")).toEqual([
      ["a", "rc:1"],
      ["b", "rc:1"],
      ["cd", "rc:4"],
      ["e", "rc:5"],
    ]);
  });
});

test("sections begin on a line of their own, and come together where they have one name", () => {
  const { common, sections } = parseRc("a\n [x] \nb\n[ y-1 ]  # c\n\n[x]\r\nd\n[z]", "rc");
  expect(common.map(({ text }) => text)).toEqual(["a"]);
  expect([...sections].map(([name, words]) => [name, ...words.map(({ text }) => text)])).toEqual([
    ["x", "b", "d"],
    ["y-1"],
    ["z"],
  ]);
});

test.each([
  ["a\n'b\nc'", "rc:2: a quote (') is not closed on its line"],
  ['"a\\', 'rc:1: a quote (") is not closed on its line'],
  ["a\nb \\", "rc:2: a backslash ends the file"],
  ["\n[x] -v", "rc:2: a line that begins with [ is a section"],
  ["[ab]*", "rc:1: a line that begins with [ is a section"],
  ["[x]#", "rc:1: a line that begins with [ is a section"],
  ["[]", "rc:1: '' cannot name a context"],
  ["[a b]", "rc:1: 'a b' cannot name a context"],
  ["[-a]", "rc:1: '-a' cannot name a context"],
])("%j is refused with its line", (file, says) => {
  expect(() => parseRc(file, "rc")).toThrow(says);
});

const anything = fc.string({ unit: fc.constantFrom(..."ab '\"\\#[]\t\n\r$`=\u00e9") });

test("any text is read, or refused with one of its lines", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), anything), (file) => {
      const lines = file.split("\n").length;
      try {
        const { common, sections } = parseRc(file, "rc");
        for (const { place } of [common, ...sections.values()].flat()) {
          const line = Number(/^rc:(\d+)$/.exec(place ?? "")?.[1]);
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Problem);
        expect(Number(/^rc:(\d+): /.exec((error as Problem).message)?.[1])).toBeLessThanOrEqual(lines);
      }
    }),
  );
});

test("what is quoted, in any way, is read as it was", () => {
  const word = fc.string({ unit: fc.constantFrom(..."ab '\"\\#[]\t$`=-+^\u00e9\u{1f511}") });
  const quotings: readonly ((text: string) => string)[] = [
    (text) => `'${text.replaceAll("'", "'\\''")}'`,
    (text) => `"${text.replace(/["\\$`]/g, "\\$&")}"`,
    (text) => (text === "" ? "''" : text.replace(/./gsu, "\\$&")),
  ];
  const quoted = fc.tuple(word, fc.constantFrom(...quotings), fc.constantFrom(" ", "\t \n", " # '\n"));
  fc.assert(
    fc.property(fc.array(quoted), (words) => {
      const file = words.map(([text, quote, gap]) => quote(text) + gap).join("");
      expect(texts(file)).toEqual(words.map(([text]) => text));
    }),
  );
});

test("words are those that a shell reads", () => {
  const line = fc.string({ unit: fc.constantFrom(..."ab  ''\"\"\\#\t=") });
  const accepted = fc.sample(line, { numRuns: 3000, seed: 4 }).filter((text) => {
    try {
      // A backslash at the end of a line would let it go on in the next.
      return texts(text).length >= 0 && !text.endsWith("\\");
    } catch {
      return false;
    }
  });
  expect(accepted.length).toBeGreaterThan(1000);
  const script = accepted.map((text) => `printf '%s\\1' "$@"; printf '\\2'; set -- ${text}\n`);
  for (const shell of ["sh", "bash"]) {
    const { stdout } = Bun.spawnSync([shell], {
      stdin: Buffer.from(`set -f\n${script.join("")}printf '%s\\1' "$@"; printf '\\2'\n`),
    });
    const read = stdout.toString().split("\x02").slice(1, -1);
    expect(read).toEqual(accepted.map((text) => [...texts(text), ""].join("\x01") || "\x01"));
  }
});
