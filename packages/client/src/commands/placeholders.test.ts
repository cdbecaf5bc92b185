import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isPlaceholder, type Part, parseTemplate } from "./placeholders.ts";

const parse = (text: string | Uint8Array) => parseTemplate(Buffer.from(text), "app.conf");
const shown = (parts: readonly Part[]) =>
  parts.map((part) =>
    isPlaceholder(part) ? [part.machine, part.property, part.place] : Buffer.from(part).toString("latin1"),
  );

describe("a template", () => {
  test.each<[string, readonly unknown[]]>([
    ["", []],
    ["no braces { } }} {", ["no braces { } }} {"]],
    ["a={{db3/password}};\n", ["a=", ["db3", "password", "app.conf:1"], ";\n"]],
    [
      "\n\r\n{{ db3/password\t}}{{db3/x}}",
      ["\n\r\n", ["db3", "password", "app.conf:3"], ["db3", "x", "app.conf:3"]],
    ],
    ["{{db3/a/b=c}}", [["db3", "a/b=c", "app.conf:1"]]],
    ["{{my box/Some Name}}", [["my box", "some name", "app.conf:1"]]],
    ['{{"a/b" "c/d"}}', [["a/b", "c/d", "app.conf:1"]]],
    ['{{ "a}}b"  "c{{d" }}', [["a}}b", "c{{d", "app.conf:1"]]],
    ['{{" a" "b "}}', [[" a", "b ", "app.conf:1"]]],
    ['{{"q\\"q" "b\\\\s"}}', [['q"q', "b\\s", "app.conf:1"]]],
    ['{{"{{"}}x}}', ["{{", "x}}"]],
    ['{{"\\"\\\\"}}', ['"\\']],
    ['{{"{{ not/this }}"}}', ["{{ not/this }}"]],
    ['{{db3/a"b"}}', [["db3", 'a"b"', "app.conf:1"]]],
  ])("%j is taken apart", (text, parts) => {
    expect(shown(parse(text))).toEqual([...parts] as never);
  });

  test.each([
    ...[
      "{{",
      "{{}}",
      "{{ }}",
      "{{db3}}",
      "{{/password}}",
      "{{db3/}}",
      "{{db3/ }}",
      "{{db3/password",
      "{{db3/pass\nword}}",
    ],
    ...[
      "{{{db3/password}}}",
      "{{{{db3/password}}}}",
      '{{"db3"/"password"}}',
      '{{"a" "b" "c"}}',
      '{{"a"b"}}',
      '{{"a\\n" "b"}}',
    ],
    ...['{{"a""b"}}', '{{"a', "{{db3/password}", "{{ {{db3/password}} }}"],
  ])("%j is refused, with its line", (text) => {
    expect(() => parse(`first\nsecond ${text}`)).toThrow("app.conf:2: {{ opens no {{machine/property}}");
  });

  test.each([
    ["{{+db3/password}}", "may not begin with '+'"],
    ["{{döner/password}}", "holds a control or non-ASCII character"],
    ['{{"" "password"}}', "the machine name is empty"],
    ['{{"db3" ""}}', "the property name is empty"],
    [`{{db3/${"x".repeat(256)}}}`, "has 256 characters"],
  ])("%j holds a name that none can have", (text, why) => {
    expect(() => parse(`\n\n${text}`)).toThrow(/^app\.conf:3: the (machine|property) name /);
    expect(() => parse(`\n\n${text}`)).toThrow(why);
  });

  test("keeps every byte that is not in braces", () => {
    const bytes = fc.uint8Array().filter((value) => !Buffer.from(value).includes("{"));
    const name = fc
      .string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)), minLength: 1 })
      .filter((text) => !/^[+^-]/.test(text));
    const escaped = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
    fc.assert(
      fc.property(fc.array(fc.oneof(bytes, fc.record({ machine: name, property: name }))), (wanted) => {
        const template = Buffer.concat(
          wanted.map((part) =>
            part instanceof Uint8Array
              ? part
              : Buffer.from(`{{${escaped(part.machine)} ${escaped(part.property)}}}`),
          ),
        );
        const joined = (parts: readonly (Uint8Array | { machine: string; property: string })[]) =>
          parts
            .map((part) =>
              part instanceof Uint8Array
                ? Buffer.from(part).toString("hex")
                : `<${part.machine}|${part.property.toLowerCase()}>`,
            )
            .join("");
        expect(joined(parse(template))).toBe(joined(wanted));
      }),
    );
  });
});
