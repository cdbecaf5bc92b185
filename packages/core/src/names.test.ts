import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isUuid, machineName, propertyName, userName } from "./names.ts";
import { anyName, problemOf } from "./samples-for-tests.ts";

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
const controls = [...Array(32).keys(), 127].map((code) => String.fromCharCode(code));
const foreign = ["é", "ß", "İ", "\u212a", "☃", "😀", "\ud800", "\u0080", "\u200b", "\u202e", "\ufeff"];

describe.each([
  ["machine", machineName],
  ["property", propertyName],
])("a %s name", (what, read) => {
  test("has 1 to 255 characters", () => {
    expect(read("x".repeat(255))).toBe("x".repeat(255));
    expect(problemOf(() => read("x".repeat(256))).message).toContain("256 characters");
    expect(problemOf(() => read("")).message).toContain(`${what} name is empty`);
  });

  test("may hold every printable character", () => {
    for (const c of printable)
      expect(read(`a${c}b`)).toBe(what === "machine" ? `a${c}b` : `a${c}b`.toLowerCase());
    for (const name of ["__proto__", "constructor", "a/b=c d%20", `"'\\`, "..", "/etc/passwd", " "])
      expect(read(name)).toBe(name);
  });

  test.each([...controls, ...foreign])("holds no %j, and the sentence is safe to print", (c) => {
    for (const name of [c, `${c}a`, `a${c}`, `a${c}b`]) {
      const { code, message } = problemOf(() => read(name));
      expect(code).toBe("bad-name");
      expect(message).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  test("is shown cut and escaped when it is refused, whatever it is", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.string({ unit: "grapheme", maxLength: 400 }),
    );
    fc.assert(
      fc.property(anything, (name) => {
        try {
          read(name);
        } catch {
          const { code, message } = problemOf(() => read(name));
          expect(code).toBe("bad-name");
          expect(message).toMatch(/^[\x20-\x7e…]{1,700}$/);
        }
      }),
    );
  });
});

describe("a machine name", () => {
  test("keeps its case", () => expect(machineName("Walter")).toBe("Walter"));

  test.each(["+", "^", "-"])("does not begin with %s", (c) => {
    expect(problemOf(() => machineName(`${c}walter`))).toMatchObject({
      code: "bad-name",
      message: `the machine name '${c}walter' may not begin with '${c}'; choose another first character`,
    });
    expect(machineName(`walter${c}`)).toBe(`walter${c}`);
    expect(propertyName(`${c}walter`)).toBe(`${c}walter`);
  });
});

describe("a property name", () => {
  test("is lower-cased, and stays as it is from then on", () => {
    expect(propertyName("SSH/Key=RSA %")).toBe("ssh/key=rsa %");
    fc.assert(
      fc.property(anyName, (name) => {
        const stored = propertyName(name);
        expect(stored).toHaveLength(name.length);
        expect(stored).not.toMatch(/[A-Z]/);
        expect(propertyName(stored)).toBe(stored);
      }),
    );
  });
});

describe("a user name", () => {
  test("has 1 to 150 characters of its set, and is kept as it is", () => {
    for (const name of ["a", "Joe", "j.o_e@example-1.com", "@", ".", "_", "0", "__proto__", "x".repeat(150)])
      expect(userName(name)).toBe(name);
    for (const name of ["", "x".repeat(151)]) expect(problemOf(() => userName(name)).code).toBe("bad-name");
  });

  test("holds nothing else, and does not begin with -", () => {
    const allowed = new Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-");
    for (const c of [...printable, ...controls, ...foreign]) {
      if (allowed.has(c)) expect(userName(`a${c}`)).toBe(`a${c}`);
      else
        for (const name of [c, `a${c}`, `${c}a`])
          expect(problemOf(() => userName(name)).code).toBe("bad-name");
    }
    expect(problemOf(() => userName("-joe")).code).toBe("bad-name");
    // `$` of some languages would let this pass.
    expect(problemOf(() => userName("joe\n")).code).toBe("bad-name");
  });
});

test("an id is a random UUID in lower case", () => {
  expect(isUuid("4b2a7c1e-90d3-4f6a-8e15-2c7d90ab34ef")).toBe(true);
  for (let i = 0; i < 20; i++) expect(isUuid(crypto.randomUUID())).toBe(true);
  for (const text of [
    "4B2A7C1E-90D3-4F6A-8E15-2C7D90AB34EF",
    "4b2a7c1e-90d3-1f6a-8e15-2c7d90ab34ef",
    "4b2a7c1e-90d3-4f6a-ce15-2c7d90ab34ef",
    "4b2a7c1e90d34f6a8e152c7d90ab34ef",
    "4b2a7c1e-90d3-4f6a-8e15-2c7d90ab34ef\n",
    "",
    null,
    7,
  ])
    expect(isUuid(text)).toBe(false);
});
