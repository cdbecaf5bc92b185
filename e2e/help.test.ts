// Whether every option is used by a test that runs the whole program: whoever adds one is told here that none does.
import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { buildExecutables, pstore } from "./support/executables.ts";
import { run } from "./support/process.ts";

/** These type options, or name them all, and do nothing with them. */
const others = ["help.test.ts", "completion.test.ts", "manual.test.ts"];

/** The tests that run `pstore`, as text, without comments and without what they expect to be printed. */
async function sources(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of await readdir(import.meta.dir, { recursive: true })) {
    if (!file.endsWith(".test.ts") || others.includes(file)) continue;
    const text = await Bun.file(join(import.meta.dir, file)).text();
    if (!/\bdoes\(|\.pstore\(|\.terminal\(|\.start\(|\[pstore,|\bplay\(/.test(text)) continue;
    found.set(file, text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, "").replace(/\.to[A-Z]\w*\([^;]*?\);/g, ""));
  }
  return found;
}

test("every option of pstore --help --verbose is an argument in some test of the whole program, by each of its names", async () => {
  await buildExecutables();
  const { text } = await run([pstore, "--help", "--verbose"]);
  const rows = [...text.matchAll(/^ {2}(-\S.*?)(?: {2}.*)?$/gm)].map(([, row = ""]) => row);
  const names = rows.flatMap((row) => row.split(", ").map((name) => name.replace(/[[= ].*/, "")));
  expect(names.length).toBeGreaterThan(50);
  const tests = [...(await sources()).values()];
  expect(tests.length).toBeGreaterThan(15);
  const isUsed = (name: string) => {
    const argument = new RegExp(`["'\`\\s]${name}(?=["'\`\\s=])`);
    return tests.some((source) => argument.test(source));
  };
  expect(names.filter((name) => !isUsed(name))).toEqual([]);
});
