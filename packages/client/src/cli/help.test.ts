import { expect, test } from "bun:test";
import { help } from "./help.ts";
import { options } from "./options/all.ts";

test("help names every option (the short one but for the rare ones), in lines that fit a wide terminal", () => {
  for (const text of [help(false), help(true)]) {
    const shown = options.filter((option) => text === help(true) || option.isRare !== true);
    for (const name of shown.flatMap((option) => option.names)) expect(text).toContain(name);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  }
});

test("verbose help says more", () => {
  expect(help(true).length).toBeGreaterThan(help(false).length);
  expect(help(false)).toContain("pstore --help --verbose");
});
