import { expect, test } from "bun:test";
import { wrapping } from "./wrapping.ts";

test("what is short stays on its line, words stay whole, and what is longer than a word breaks anywhere", () => {
  expect(["", "265 bytes", "web sign out"].map(wrapping)).toEqual(["whole", "whole", "whole"]);
  expect(["staff, superuser", "by password: not of the staff"].map(wrapping)).toEqual(["words", "words"]);
  expect(["2001:db8:85a3::8a2e:370:7334", `a ${"x".repeat(15)}`].map(wrapping)).toEqual([
    undefined,
    undefined,
  ]);
});
