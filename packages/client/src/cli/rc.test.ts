import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRc } from "./rc.ts";

test("words are separated by any white space; no file and no home have none; an unreadable file is told", () => {
  const home = mkdtempSync(join(tmpdir(), "rc-"));
  try {
    expect(readRc(home)).toEqual([]);
    expect(readRc(undefined)).toEqual([]);
    writeFileSync(join(home, ".pstorerc"), "  --store-url=https://a\n\t--user=joe   -v\n");
    expect(readRc(home)).toEqual(["--store-url=https://a", "--user=joe", "-v"]);
    rmSync(join(home, ".pstorerc"));
    mkdirSync(join(home, ".pstorerc"));
    expect(() => readRc(home)).toThrow("cannot be read (EISDIR)");
  } finally {
    rmSync(home, { recursive: true });
  }
});
