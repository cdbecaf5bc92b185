import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tools, toolsAt } from "./tools.ts";

let PATH: string;
beforeAll(() => {
  PATH = mkdtempSync(join(tmpdir(), "tools-"));
  for (const { name } of tools) {
    writeFileSync(join(PATH, name), "");
    chmodSync(join(PATH, name), 0o755);
  }
});
afterAll(() => rmSync(PATH, { recursive: true }));

const names = (env: Record<string, string>) => toolsAt({ PATH, ...env }).map(({ name }) => name);
const X = { DISPLAY: ":0" };
const wayland = { WAYLAND_DISPLAY: "wayland-0" };
const ssh = { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" };

test("tools are those that are there and have their display", () => {
  expect(names({})).toEqual(["pbcopy", "clip.exe"]);
  expect(names(X)).toEqual(["xclip", "xsel", "pbcopy", "clip.exe"]);
  expect(names({ ...X, ...wayland })).toEqual(["wl-copy", "xclip", "xsel", "pbcopy", "clip.exe"]);
  expect(names({ DISPLAY: "", WAYLAND_DISPLAY: "" })).toEqual(["pbcopy", "clip.exe"]);
  expect(names({ ...X, PATH: "/nowhere" })).toEqual([]);
});

test("over ssh they are those of a display that the user has brought along", () => {
  expect(names(ssh)).toEqual([]);
  expect(names({ SSH_TTY: "/dev/pts/1", DISPLAY: "" })).toEqual([]);
  expect(names({ ...ssh, DISPLAY: "localhost:10.0" })[0]).toBe("xclip");
});

test("Windows' tool gets what it understands, and what PowerShell adds is taken off", () => {
  const clip = tools.find(({ name }) => name === "clip.exe");
  expect(clip?.encode?.("abc")).toEqual(Buffer.from("abc"));
  expect(clip?.encode?.("ä")).toEqual(Buffer.from([0xe4, 0x00]));
  for (const text of ["a", "a\r\n", "ä\n", ""]) {
    expect(clip?.decode?.(Buffer.from(`${text}\r\n`)).toString()).toBe(text);
    expect(clip?.decode?.(Buffer.from(`\ufeff${text}\r\n`)).toString()).toBe(text);
  }
});
