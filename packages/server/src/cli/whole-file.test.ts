import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeWholeFile } from "./whole-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "file-"));
  path = join(folder, "out");
  writeFileSync(path, "old", { mode: 0o644 });
});
afterEach(() => rmSync(folder, { recursive: true }));

function expectOld(): void {
  expect(readdirSync(folder)).toEqual(["out"]);
  expect(readFileSync(path, "utf8")).toBe("old");
}

/** Runs a program that writes the file, in a process of its own. */
async function inProcess(body: string, limits = "") {
  const module = JSON.stringify(join(import.meta.dir, "whole-file.ts"));
  const script = `const { writeWholeFile } = await import(${module});
    await writeWholeFile(${JSON.stringify(path)}, async (write) => { ${body} }).catch((error) => {
      console.error(error.message);
      process.exit(1);
    });`;
  const child = Bun.spawn(["bash", "-c", `${limits} exec "$@"`, "bash", process.execPath, "-e", script], {
    stdout: "ignore",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "" },
  });
  return { code: await child.exited, stderr: await child.stderr.text() };
}

test("a file is complete, of mode 0600, and takes the place of an older one at its end", async () => {
  await writeWholeFile(path, async (write) => {
    write("new");
    expect(readFileSync(path, "utf8")).toBe("old");
  });
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["out"]);
});

test("a failure on the way leaves nothing, and the older file as it was", async () => {
  const failing = writeWholeFile(path, async (write) => {
    write("half");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expectOld();
});

test("so does a file system that takes no more", async () => {
  // The shell counts in KiB: as on a full disk, the write that passes the limit fails with the file open.
  const ended = await inProcess(`for (;;) write("x".repeat(1000));`, `trap "" XFSZ; ulimit -f 8;`);
  expect(ended).toEqual({
    code: 1,
    stderr: `${path} cannot be written (EFBIG); mend that and repeat the command\n`,
  });
  expectOld();
});

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`so does ${signal}`, async () => {
    const body = `write("half"); process.kill(process.pid, "${signal}"); await new Promise(() => setInterval(() => {}, 1000));`;
    expect(await inProcess(body)).toEqual({ code, stderr: "" });
    expectOld();
  });
}

test("what is no ordinary file is not replaced, and a place that cannot be written is told in a sentence", async () => {
  await expect(writeWholeFile("/dev/null", async () => {})).rejects.toThrow("no ordinary file");
  await expect(writeWholeFile(folder, async () => {})).rejects.toThrow("no ordinary file");
  await expect(writeWholeFile(join(folder, "no/out"), async () => {})).rejects.toThrow(
    "cannot be written (ENOENT)",
  );
  await expect(writeWholeFile(join(path, "x"), async () => {})).rejects.toThrow(
    "cannot be written (ENOTDIR)",
  );
});
