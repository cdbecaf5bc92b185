import { expect, test } from "bun:test";
import { csvRow } from "./csv.ts";

test("cells are quoted as RFC 4180 says, and only where they must be", () => {
  expect(csvRow(["a", "", "b c", "ü"])).toBe("a,,b c,ü\r\n");
  expect(csvRow(['a"b', "a,b", "a\nb", "a\r\nb", " a "])).toBe('"a""b","a,b","a\nb","a\r\nb"," a "\r\n');
});

const formulas: [cell: string, escaped: string][] = [
  ["=1+1", "'=1+1"],
  ["+49 30", "'+49 30"],
  ["-5", "'-5"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\t=1", `'\t'=1`],
  ["\r=1", `"'\r'=1"`],
  ["\ttext", "'\ttext"],
  ["\rtext", `"'\rtext"`],
  ["  =1", "'  =1"],
  ["\u00a0=1", "'\u00a0=1"],
  ['"=1', `"'""=1"`],
  ["'=1", "''=1"],
  ["＝1", "'＝1"],
  // Behind what another reader takes for the end of a cell or row.
  ["a;=1", "a;'=1"],
  ['a;"=1', `"a;'""=1"`],
  ["a\t@b", "a\t'@b"],
  ["a\n-b", `"a\n'-b"`],
];

for (const [cell, escaped] of formulas) {
  test(`what a spreadsheet would run is text: ${JSON.stringify(cell)}`, () => {
    expect(csvRow([cell, "x"])).toBe(`${escaped},x\r\n`);
  });
}

test("what is no formula stays as it is", () => {
  for (const cell of [
    "1.2.3.4",
    "a=b",
    "a - b",
    "joe@example.com",
    "a, -b",
    "(2100 byte document)",
    "'quoted'",
  ])
    expect(csvRow([cell])).toBe(`${cell.includes(",") ? `"${cell}"` : cell}\r\n`);
});
