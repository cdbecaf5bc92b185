import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRc } from "./rc.ts";

let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "rc-"));
  path = join(home, ".pstorerc");
});
afterEach(() => rmSync(home, { recursive: true }));

/** The words above the sections, and the warnings. */
function read(folder: string | undefined = home) {
  const warnings: string[] = [];
  const { common } = readRc(folder, (text) => warnings.push(text));
  return { words: common.map(({ text }) => text), warnings };
}

function write(text: string | Uint8Array, mode = 0o600) {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

test("no home and no file have no words", () => {
  const none = { words: [], warnings: [] };
  expect(read()).toEqual(none);
  expect(read("")).toEqual(none);
  expect(read("/dev/null")).toEqual(none);
});

test("a private file is read without a word about it, a link to one too", () => {
  write("-v 'a b'\n");
  expect(read()).toEqual({ words: ["-v", "a b"], warnings: [] });
  const other = mkdtempSync(join(tmpdir(), "rc-"));
  symlinkSync(path, join(other, ".pstorerc"));
  expect(read(other)).toEqual({ words: ["-v", "a b"], warnings: [] });
  rmSync(other, { recursive: true });
});

test.each([
  [0o640, "~/.pstorerc can be read by others: chmod 600 ~/.pstorerc"],
  [0o604, "~/.pstorerc can be read by others: chmod 600 ~/.pstorerc"],
  [
    0o620,
    "~/.pstorerc can be changed by others, who could point pstore elsewhere with it: chmod 600 ~/.pstorerc",
  ],
  [
    0o646,
    "~/.pstorerc can be changed by others, who could point pstore elsewhere with it: chmod 600 ~/.pstorerc",
  ],
])("a file of mode %o is read with a warning", (mode, warning) => {
  write("-v", mode);
  expect(read()).toEqual({ words: ["-v"], warnings: [warning] });
});

test("what cannot be read is left out with a warning", () => {
  mkdirSync(path);
  expect(read()).toEqual({
    words: [],
    warnings: ["~/.pstorerc cannot be read (EISDIR), and is left out; mend its permissions or remove it"],
  });
  rmSync(path, { recursive: true });
  // A reader of a named pipe without a writer would wait for ever.
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  expect(read()).toEqual({
    words: [],
    warnings: ["~/.pstorerc is no ordinary file, and is left out; remove it"],
  });
});

test("what is no UTF-8 is refused", () => {
  write(Uint8Array.of(0x2d, 0x76, 0x20, 0xff));
  expect(() => read()).toThrow("~/.pstorerc is no UTF-8 text");
});

test.skipIf(process.geteuid?.() !== 0)("a file of somebody else is refused (needs root)", () => {
  write("-v");
  chownSync(path, 12345, 0);
  expect(() => read()).toThrow("~/.pstorerc belongs to another user (uid 12345)");
});
