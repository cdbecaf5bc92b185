import { expect, test } from "bun:test";
import { help } from "./help.ts";
import { options } from "./options/all.ts";

test("help names every option (the short one but for the rare ones), in lines that fit a terminal", () => {
  for (const text of [help(false), help(true)]) {
    const shown = options.filter((option) => text === help(true) || option.isRare !== true);
    for (const name of shown.flatMap((option) => option.names))
      expect(text).toMatch(new RegExp(`[ ]${name}\\b`));
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  }
});

test("short help is read on two screens of 24 lines, the options one a line", () => {
  const rows = help(false).trimEnd().split("\n");
  expect(rows.length).toBeLessThanOrEqual(48);
  const shown = options.filter((option) => option.isRare !== true);
  expect(rows.filter((row) => /^ {2}-/.test(row)).length).toBe(shown.length);
  expect(rows.filter((row) => /^ {3}/.test(row))).toEqual([]);
});

test("verbose help says all of it", () => {
  const text = help(true).replace(/\s+/g, " ");
  for (const { help: first, more = "" } of options) expect(text).toContain(`${first} ${more}`.trim());
  expect(help(false)).toContain("pstore --help --verbose");
});
