// `npm test` itself: nothing that goes wrong in a test file may pass for a success.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cp, mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createFolder } from "./support/folder.ts";
import { environment, run, start } from "./support/process.ts";

const root = join(import.meta.dir, "..");
const bunTest = 'import { expect, test } from "bun:test";\n';

/** The test files of a small project, by what happens in each. */
const files = {
  "good.test.ts": 'test("a", () => {}); test("b", () => {}); test.skip("c", () => {});',
  "core/also-good.spec.tsx": 'test("a", () => { console.log(process.env.TMPDIR); });',
  "failing.test.ts": 'test("a", () => {}); test("b", () => expect(1).toBe(2));',
  "unloadable.test.ts": 'import "./nowhere.ts";',
  "killed.test.ts": 'test("a", () => {}); test("b", () => process.kill(process.pid, "SIGKILL"));',
  "leaving.test.ts": 'test("a", () => process.exit(0));',
  "late.test.ts": `import { afterAll } from "bun:test";
    test("a", () => { setTimeout(() => { throw new Error("x"); }, 1); });
    afterAll(() => Bun.sleep(20));`,
  "hanging.test.ts": `test("a", async () => {
    console.log("it began");
    const child = Bun.spawn(["sleep", "1000"]);
    await fetch(process.env.STARTED + child.pid);
    await child.exited;
  });`,
  "node_modules/foreign.test.ts": 'test("a", () => expect(1).toBe(2));',
  ".hidden/hidden.test.ts": 'test("a", () => expect(1).toBe(2));',
  "tests.ts": 'test("a", () => expect(1).toBe(2));',
};

let project: string;

beforeAll(async () => {
  project = await createFolder();
  for (const [name, text] of Object.entries(files)) await Bun.write(join(project, name), bunTest + text);
  await mkdir(join(project, "scripts"));
  for (const name of ["tests.mjs", "engines.mjs", "workspace.mjs"])
    await cp(join(root, "scripts", name), join(project, "scripts", name));
  await mkdir(join(project, "node_modules/.bin"));
  await symlink(join(root, "node_modules/.bin/bun"), join(project, "node_modules/.bin/bun"));
});
afterAll(() => rm(project, { recursive: true, force: true }));

const program = `
  import { runTests } from "./scripts/tests.mjs";
  console.log(JSON.stringify(await runTests(process.argv.slice(1)).catch(({ message }) => message)));`;
const argv = (patterns: readonly string[]) => [
  "node",
  "--input-type=module",
  "-e",
  program,
  "--",
  ...patterns,
];

/** Runs the test files that fit, and answers the totals and what was printed. */
async function tested(...patterns: readonly string[]) {
  const { text, stderr } = await run(argv(patterns), { cwd: project, env: { TMPDIR: project } });
  const lines = text.trimEnd().split("\n");
  return {
    totals: JSON.parse(lines.at(-1) ?? "") as unknown,
    output: `${lines.slice(0, -1).join("\n")}\n`,
    stderr,
  };
}

test("the totals of all files are added", async () => {
  const { totals, output } = await tested("good");
  expect(totals).toEqual({ passed: 3, failed: 0, skipped: 1 });
  expect(output).toMatch(/^good\.test\.ts:\n\(pass\) a.*\n\(pass\) b.*\n\(skip\) c$/m);
  expect(output).toMatch(/^The slowest: /m);
  expect(output).not.toContain("Failed");
});

test.each([
  ["failing", { passed: 1, failed: 1 }, "1 of its tests"],
  ["unloadable", { passed: 0, failed: 1 }, "exit code 1, and no report of its tests"],
  ["killed", { passed: 0, failed: 1 }, "exit code 137, and no report of its tests"],
  ["leaving", { passed: 0, failed: 1 }, "exit code 0, and no report of its tests"],
  ["late", { passed: 1, failed: 1 }, "exit code 1, although no single test failed"],
])("a file that is %s is a failure", async (name, totals, why) => {
  const result = await tested(name, "good.test");
  expect(result.totals).toEqual({ passed: totals.passed + 2, failed: totals.failed, skipped: 1 });
  expect(result.output).toEndWith(`Failed: ${name}.test.ts: ${why}\n`);
});

test("a pattern is a part of a path, and fits nothing that is no test of the project", async () => {
  const ran = async (...patterns: readonly string[]) =>
    (await tested(...patterns)).output.match(/^\S+(?=:$)/gm)?.sort() ?? [];
  expect(await ran("core/")).toEqual(["core/also-good.spec.tsx"]);
  expect(await ran("./good", "also")).toEqual(["core/also-good.spec.tsx", "good.test.ts"]);
  expect(await ran(join(project, "core"))).toEqual(["core/also-good.spec.tsx"]);
  for (const none of ["GOOD", "foreign", "hidden", "tests.ts"]) expect(await ran(none)).toEqual([]);
  expect((await tested("none")).totals).toEqual({ passed: 0, failed: 0, skipped: 0 });
  expect((await tested("good", "-t", "a")).totals).toStartWith("'-t' is no part of a path");
});

test("what tests leave in the temporary folder goes", async () => {
  const { output } = await tested("also-good");
  const folder = /^\/.*\/tmp$/m.exec(output)?.[0] ?? "";
  expect(dirname(dirname(folder))).toBe(project);
  expect(await Array.fromAsync(new Bun.Glob("p-test-*").scan({ cwd: project, onlyFiles: false }))).toEqual(
    [],
  );
});

test("a signal stops what runs, and shows how far it came", async () => {
  const begun = Promise.withResolvers<number>();
  await using server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: (request) => {
      begun.resolve(Number(new URL(request.url).pathname.slice(1)));
      return new Response();
    },
  });
  const env = environment({ TMPDIR: project, STARTED: server.url.href });
  const running = start(argv(["hanging"]), { cwd: project, env });
  const grandchild = await begun.promise;
  running.kill("SIGTERM");
  const text = await running.stdout.text();
  expect(text).toContain("it began");
  expect(text).toContain("hanging.test.ts: exit code 143");
  expect(text).toEndWith('"The tests were stopped by SIGTERM."\n');
  while (existsSync(`/proc/${grandchild}`)) await Bun.sleep(5);
});
