// A short run of the fuzzing, always with the same seed; `npm run fuzz` is the long one.
import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { variableOf } from "./support/databases/programs.ts";
import { whyNoDatabase } from "./support/databases/shared.ts";
import { buildExecutables } from "./support/executables.ts";
import { run } from "./support/process.ts";

const root = join(import.meta.dir, "..");

const engines = ["postgres", "mysql"] as const;

/** Runs `npm run fuzz` as a program of its own, whose server is the executable that was built. */
async function fuzz(...args: readonly string[]) {
  await buildExecutables();
  const env: Record<string, string> = { HOME: "/", TMPDIR: tmpdir(), PSTORE_EXECUTABLES_BUILT: "1" };
  // The servers of databases that all tests of a run share.
  for (const name of engines.map(variableOf)) {
    const url = process.env[name];
    if (url !== undefined) env[name] = url;
  }
  const argv = [process.execPath, "fuzz/run.ts", ...args];
  return await run(argv, { env, cwd: root, timeout: 280_000 });
}

test("malformed inputs of every kind are refused as they should be, and the server is as it was", async () => {
  const { code, text } = await fuzz("--seed", "1", "--count", "2000");
  expect([code, text]).toEqual([0, expect.stringMatching(/\nno faults\n$/)]);
  for (const part of ["parsers", "client", "http", "web", "raw", "contract"])
    expect(text).toMatch(new RegExp(`^${part}: \\d+ inputs`, "m"));
}, 300_000);

for (const engine of engines) {
  test.skipIf(whyNoDatabase(engine) !== null)(
    `the same of a store in ${engine}`,
    async () => {
      const parts = ["http", "web", "contract"].flatMap((part) => ["--only", part]);
      const { code, text } = await fuzz("--seed", "1", "--count", "600", "--database", engine, ...parts);
      expect([code, text]).toEqual([0, expect.stringMatching(/\nno faults\n$/)]);
    },
    300_000,
  );
}

test("the memory run tells what a server holds while ordinary requests are answered", async () => {
  const { code, text } = await fuzz("--seed", "1", "--count", "1000", "--only", "memory");
  expect([code, text]).toEqual([0, expect.stringMatching(/^ordinary requests: \d+ MB in the second tenth/m)]);
}, 300_000);

test("a part that does not exist is refused with the usage", async () => {
  const { code, stderr } = await fuzz("--only", "nothing");
  expect([code, stderr]).toEqual([2, expect.stringContaining("--only PART")]);
});
