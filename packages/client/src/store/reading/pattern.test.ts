import { expect, test } from "bun:test";
import fc from "fast-check";
import { readPattern } from "./pattern.ts";

test("a pattern fits whole names, case and all", () => {
  const { matches } = readPattern("web*.example.com");
  expect(["web.example.com", "web1.example.com", "web/2.example.com"].filter(matches)).toHaveLength(3);
  expect(
    ["Web1.example.com", "xweb1.example.com", "web1.example.comx", "web1xexample.com"].filter(matches),
  ).toEqual([]);
});

test("? is one character, a set is one of its own or, with !, of the others", () => {
  const names = ["db1", "db2", "dbx", "db", "db12"];
  expect(names.filter(readPattern("db?").matches)).toEqual(["db1", "db2", "dbx"]);
  expect(names.filter(readPattern("db[1-9]").matches)).toEqual(["db1", "db2"]);
  expect(names.filter(readPattern("db[!12]").matches)).toEqual(["dbx"]);
  expect(names.filter(readPattern("db[z-a]").matches)).toEqual([]);
  expect(readPattern("a[b").matches("a[b")).toBe(true);
  expect(readPattern("a[^b]").matches("a^")).toBe(true);
});

test("the literal part is the longest one, and is in every name that fits", () => {
  expect(readPattern("web*.example.com").literal).toBe(".example.com");
  expect(readPattern("*").literal).toBe("");
});

const name = fc.string({ unit: fc.constantFrom(..."ab1./[]!^-\\$ "), maxLength: 8 });

test("a name without * and ? and [ is a pattern of itself alone", () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      fc.pre(!a.includes("["));
      expect(readPattern(a).matches(b)).toBe(a === b);
    }),
  );
});

test("stars before and behind fit what contains the text", () => {
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      fc.pre(!b.includes("["));
      expect(readPattern(`*${b}*`).matches(`${a}${b}${c}`)).toBe(true);
    }),
  );
});
