import { expect, test } from "bun:test";
import { shellWord } from "./shell.ts";

test("a shell reads a word back as it was, and nothing else", () => {
  const words = [
    "a b",
    "it's",
    "''",
    "",
    "$(x)`y`",
    "a;b",
    "*",
    "~",
    "=x",
    "#x",
    "!x",
    "\\",
    '"',
    "a\nb",
    "&|<>(){}[]?",
  ];
  const { stdout } = Bun.spawnSync([
    "sh",
    "-c",
    `for word in ${words.map(shellWord).join(" ")}; do printf '%s\\0' "$word"; done`,
  ]);
  expect(stdout.toString().split("\0").slice(0, -1)).toEqual(words);
});

test("what means nothing to a shell stays as it is", () => {
  for (const word of ["web1.example.com", "^joe", "+joe:read", "-pe", "a/b=c", "x@y"])
    expect(shellWord(word)).toBe(word);
});
