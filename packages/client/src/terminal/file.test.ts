import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toFile } from "./output.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a file is complete, of mode 0600, and takes the place of an older one", async () => {
  const path = join(folder, "out");
  writeFileSync(path, "old", { mode: 0o644 });
  await toFile(path, async (output) => {
    await output.bytes("new ");
    expect(readFileSync(path, "utf8")).toBe("old");
    await output.bytes(Uint8Array.of(0x78));
  });
  expect(readFileSync(path, "utf8")).toBe("new x");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["out"]);
});

test("a failure on the way leaves nothing, and the older file as it was", async () => {
  const path = join(folder, "out");
  writeFileSync(path, "old");
  const failing = toFile(path, async (output) => {
    await output.bytes("half");
    throw new Error("no");
  });
  expect(failing).rejects.toThrow("no");
  await failing.catch(() => {});
  expect(readdirSync(folder)).toEqual(["out"]);
  expect(readFileSync(path, "utf8")).toBe("old");
});

test("a link stays one: the file that it points to is replaced", async () => {
  const path = join(folder, "out");
  writeFileSync(path, "old");
  symlinkSync("out", join(folder, "link"));
  await toFile(join(folder, "link"), (output) => output.bytes("new"));
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(["link", "out"]);
});

test("a place that cannot be written is told in a sentence", () => {
  expect(toFile(join(folder, "no/out"), async () => {})).rejects.toThrow(
    "cannot be written (ENOENT); no file was left",
  );
});

test("what is no ordinary file is not replaced, whether named itself or by a link", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  symlinkSync(pipe, join(folder, "link"));
  for (const path of [pipe, join(folder, "link"), folder]) {
    await expect(toFile(path, async () => {})).rejects.toThrow(`${path} is there and no ordinary file`);
  }
  expect(statSync(pipe).isFIFO()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(["link", "pipe"]);
});
