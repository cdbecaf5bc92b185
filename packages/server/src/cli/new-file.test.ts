import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeNewFile } from "./new-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "p-"));
  path = join(folder, "out");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Makes the file in a process of its own. */
function inProcess(body: string) {
  const module = JSON.stringify(join(import.meta.dir, "new-file.ts"));
  const script = `const { makeNewFile } = await import(${module});
    await makeNewFile(${JSON.stringify(path)}, async (part) => { ${body} });`;
  return Bun.spawn([process.execPath, "-e", script], {
    stdout: "pipe",
    stderr: "inherit",
    env: { PATH: process.env["PATH"] ?? "" },
  });
}

test("a file is there when it is complete, of mode 0600 from its first byte, and nothing beside it", async () => {
  const made = await makeNewFile(path, async (part) => {
    expect(statSync(part).mode & 0o777).toBe(0o600);
    expect(statSync(join(part, "..")).mode & 0o777).toBe(0o700);
    writeFileSync(part, "new");
    writeFileSync(`${part}-journal`, "beside");
    expect(readdirSync(folder)).not.toContain("out");
    return 7;
  });
  expect(made).toBe(7);
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["out"]);
});

test("a failure leaves nothing", async () => {
  const failing = makeNewFile(path, async (part) => {
    writeFileSync(part, "half");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(readdirSync(folder)).toEqual([]);
});

test("what is there is never replaced, whenever it came", async () => {
  writeFileSync(path, "old");
  const nothing = async () => {};
  await expect(makeNewFile(path, nothing)).rejects.toThrow(`there is something at ${path} already`);
  rmSync(path);
  const late = makeNewFile(path, async () => writeFileSync(path, "old"));
  await expect(late).rejects.toThrow(`there is something at ${path} already`);
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["out"]);
  rmSync(path);
  mkdirSync(path);
  await expect(makeNewFile(path, nothing)).rejects.toThrow("already");
  await expect(makeNewFile(join(folder, "no", "out"), nothing)).rejects.toThrow("cannot be written (ENOENT)");
});

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  test(`${signal} leaves nothing`, async () => {
    const child =
      inProcess(`require("fs").writeFileSync(part, "half"); process.kill(process.pid, "${signal}");
      await new Promise(() => setInterval(() => {}, 1000));`);
    expect(await child.exited).toBe(code);
    expect(readdirSync(folder)).toEqual([]);
  });
}

test("what SIGKILL left is removed by the next one, and what somebody makes still is not", async () => {
  const child = inProcess(`console.log("there"); await new Promise(() => setInterval(() => {}, 1000));`);
  await child.stdout.getReader().read();
  const parts = () => readdirSync(folder).filter((name) => name.endsWith(".part"));
  expect(parts()).toEqual([`out.${child.pid}.part`]);
  await makeNewFile(path, async () => {});
  expect(parts()).toEqual([`out.${child.pid}.part`]);
  child.kill("SIGKILL");
  await child.exited;
  rmSync(path);
  await makeNewFile(path, async () => {});
  expect(readdirSync(folder)).toEqual(["out"]);
});
