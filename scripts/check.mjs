// Lint, types, build and every test, summed up in one last line.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { installDebianPackages, testPackages } from "./debian.mjs";
import { bun, Failure, root, run } from "./workspace.mjs";

const tool = (name) => join(root, "node_modules/.bin", name);

/** Biome's checks: whether they passed. */
export async function lint() {
  console.log("== biome");
  return (
    (await run([tool("biome"), "ci", `--colors=${process.stdout.isTTY ? "force" : "off"}`, "."])).code === 0
  );
}

async function checkTypes() {
  console.log("== tsc");
  return (await run([tool("tsc"), "-p", "."])).code === 0;
}

async function checkBuild() {
  console.log("== build");
  try {
    await build();
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    return false;
  }
}

/** The totals that Bun's JUnit report states in its root element. */
function readTotals(report) {
  const head = existsSync(report) ? /<testsuites\b[^>]*>/.exec(readFileSync(report, "utf8"))?.[0] : undefined;
  if (head === undefined) return { ran: 0, failed: 0, skipped: 0 };
  const number = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [tests, failed, skipped] = [number("tests"), number("failures"), number("skipped")];
  return { ran: tests - skipped, failed, skipped };
}

async function runTests(patterns) {
  console.log("== bun test");
  // Everything that tests leave behind in the usual temporary folder goes with this one.
  const folder = mkdtempSync(join(tmpdir(), "p-test-"));
  try {
    const report = join(folder, "junit.xml");
    const argv = [bun, "test", "--timeout", "120000", "--reporter=junit", `--reporter-outfile=${report}`];
    const { code } = await run([...argv, ...patterns], {
      env: { TMPDIR: folder, PSTORE_EXECUTABLES_BUILT: "1" },
    });
    return { code, ...readTotals(report) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs everything, prints the totals as the last line, and says whether all is well.
 *
 * @param {string[]} patterns which test files to run (Bun's patterns); none: all
 */
export async function checkAll(patterns) {
  await installDebianPackages(testPackages, "the tests that need them are skipped.");
  const checks = [await lint(), await checkTypes(), await checkBuild()];
  const tests = await runTests(patterns);
  let failed = checks.filter((passed) => !passed).length + tests.failed;
  const passed = checks.filter((passed) => passed).length + tests.ran - tests.failed;
  if (tests.ran === 0) console.error("No test ran.");
  // A file that cannot be loaded, or an error between two tests, is in no total but in the exit code.
  if (tests.code !== 0 && tests.failed === 0) {
    console.error(`bun test ended with exit code ${tests.code} although no single test failed.`);
    failed += 1;
  }
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : "";
  console.log(`${passed} passed, ${failed} failed${skipped}`);
  return failed === 0 && tests.ran > 0;
}
