import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Json, parseJson } from "./json.ts";
import { Problem } from "./problem.ts";
import { problemOf } from "./samples-for-tests.ts";

/** What `JSON.parse` would give, for values whose names do not trip over it. */
function plain(value: Json): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, item]) => [name, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ unit: "grapheme" });
const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 12 },
    fc.oneof(whole, text, fc.boolean(), fc.constant(null)),
    fc.array(tie("value")),
    fc.dictionary(fc.oneof(text, fc.constantFrom("__proto__", "0", "constructor")), tie("value")),
  ),
}));

describe("JSON with whole numbers", () => {
  test("is read as JSON.parse reads it, white space or not", () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom("", "  ", "\t"), (value, indent) => {
        const written = JSON.stringify(value, null, indent);
        expect(plain(parseJson(written))).toEqual(JSON.parse(written));
      }),
    );
  });

  test("of any kind is read as JSON.parse reads it, or refused with the problem of a manifest", () => {
    const nearly = fc.array(
      fc.constantFrom(
        ...'{}[],:"\\ \n\t0123456789-+.eE'.split(""),
        "true",
        "false",
        "null",
        '"a"',
        "\\u00",
        "é",
      ),
      { maxLength: 12 },
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      nearly.map((parts) => parts.join("")),
      fc.json(),
    );
    fc.assert(
      fc.property(texts, (written) => {
        let read: Json;
        try {
          read = parseJson(written);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
          expect((error as Problem).code).toBe("bad-manifest");
          return;
        }
        expect(plain(read)).toEqual(JSON.parse(written));
      }),
      { numRuns: 2000 },
    );
  });

  test("keeps every name as an ordinary one, in the order of the text", () => {
    const read = parseJson('{"b":1,"__proto__":{"x":2},"1":3,"constructor":4}') as ReadonlyMap<string, Json>;
    expect([...read.keys()]).toEqual(["b", "__proto__", "1", "constructor"]);
    expect(read.get("__proto__")).toEqual(new Map([["x", 2]]));
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("goes up to 2^53 - 1", () => {
    expect(parseJson("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
    for (const number of ["9007199254740992", "9999999999999999", "10000000000000000", "1".repeat(400)])
      expect(problemOf(() => parseJson(number)).code).toBe("bad-manifest");
  });
});

describe("refused is", () => {
  const refused: [string, string][] = [
    ["a repeated name", '{"a":1,"a":1}'],
    ["a name repeated in another spelling", '{"a":1,"\\u0061":1}'],
    ["a repeated name further in", '[{"x":{"a":1,"b":2,"a":3}}]'],
    ["a repeated __proto__", '{"__proto__":1,"__proto__":2}'],
    ["text behind the end", "{} x"],
    ["a second value", "1 2"],
    ["a value glued on", "truefalse"],
    ["nothing", ""],
    ["white space alone", " \n"],
    ["a byte order mark", "\ufeff{}"],
    ["a space that JSON does not know", "\u00a01"],
    ["a fraction", "1.0"],
    ["a negative number", "-1"],
    ["a negative zero", "-0"],
    ["an exponent", "1e3"],
    ["an exponent of the other case", "1E3"],
    ["a leading zero", "01"],
    ["a leading plus", "+1"],
    ["hex", "0x10"],
    ["NaN", "NaN"],
    ["a raw line feed in a string", '"a\nb"'],
    ["a raw NUL in a string", '"\u0000"'],
    ["an unknown escape", '"\\x41"'],
    ["a short escape", '"\\u41"'],
    ["half a character, raw", '"\ud800"'],
    ["half a character, escaped", '"\\ud800"'],
    ["the halves the wrong way round", '"\\udc00\\ud800"'],
    ["half a character in a name", '{"\\ud800":1}'],
    ["single quotes", "'a'"],
    ["an open string", '"a'],
    ["an open list", "[1"],
    ["an open object", '{"a":1'],
    ["a comma at the end of a list", "[1,]"],
    ["a comma at the end of an object", '{"a":1,}'],
    ["a comma alone", "[,]"],
    ["a missing comma", "[1 2]"],
    ["a missing colon", '{"a" 1}'],
    ["a name that is no string", "{1:1}"],
    ["a comment", "/**/1"],
    ["another bracket", "[1}"],
  ];
  test.each(refused)("%s", (_, written) => {
    expect(problemOf(() => parseJson(written)).code).toBe("bad-manifest");
  });

  test("what is nested deeper than 16", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(parseJson(nested(17))).toBeDefined();
    expect(problemOf(() => parseJson(nested(18))).message).toContain("nested too deeply");
    for (const open of ["[", '{"a":'])
      expect(problemOf(() => parseJson(open.repeat(1_000_000))).message).toContain("nested too deeply");
  });

  test("a string of megabytes, without harm", () => {
    for (const written of ['"'.padEnd(8_000_000, "a"), '"'.padEnd(8_000_000, "\\n")])
      expect(problemOf(() => parseJson(written)).code).toBe("bad-manifest");
  });

  test("a repeated name of any length, in a short sentence", () => {
    const name = JSON.stringify("x".repeat(100_000));
    expect(problemOf(() => parseJson(`{${name}:1,${name}:2}`)).message.length).toBeLessThan(200);
  });
});

test("a refusal says where", () => {
  expect(problemOf(() => parseJson('{"a":1,"a":2}')).message).toBe(
    'the signed text names "a" twice at character 10',
  );
});
