import { expect, test } from "bun:test";
import fc from "fast-check";
import { asciiLine, visible, visibleLine } from "./visible.ts";

test("what a terminal would act upon is shown, and the rest left alone", () => {
  expect(visible("a\u001b[31mb\u0007\u009b\u202e\u200b\r")).toBe(
    "a\\u{1b}[31mb\\u{7}\\u{9b}\\u{202e}\\u{200b}\\u{d}",
  );
  expect(visible("tab\tline\nÄ漢🔑")).toBe("tab\tline\nÄ漢🔑");
  expect(visibleLine("a\nb")).toBe("a\\nb");
});

test("nothing that is shown can act", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(visibleLine(text)).not.toMatch(
        /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
      );
    }),
  );
});

test("an ASCII line escapes letters too, which may only look like those they seem to be", () => {
  expect(asciiLine("wаlter\n")).toBe("w\\u{430}lter\\u{a}");
  expect(asciiLine("walter ~")).toBe("walter ~");
});
