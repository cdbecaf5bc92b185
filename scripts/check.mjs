// Lint, types, build and every test, summed up in one last line.
import { join } from "node:path";
import { build } from "./build.mjs";
import { startDatabases } from "./databases.mjs";
import { installDebianPackages, testPackages } from "./debian.mjs";
import { runTests } from "./tests.mjs";
import { Failure, root, run } from "./workspace.mjs";

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

async function runTestsWithDatabases(patterns) {
  const databases = await startDatabases();
  try {
    return await runTests(patterns, databases.env);
  } finally {
    await databases.stop();
  }
}

/**
 * Runs everything, prints the totals as the last line, and says whether all is well.
 *
 * @param {string[]} patterns which test files to run (parts of their paths); none: all
 */
export async function checkAll(patterns) {
  await installDebianPackages(testPackages, "the tests that need them are skipped.");
  const checks = [await lint(), await checkTypes(), await checkBuild()];
  const tests = await runTestsWithDatabases(patterns);
  const failed = checks.filter((passed) => !passed).length + tests.failed;
  const passed = checks.filter((passed) => passed).length + tests.passed;
  const ran = tests.passed + tests.failed;
  if (ran === 0) console.error("No test ran.");
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : "";
  console.log(`${passed} passed, ${failed} failed${skipped}`);
  return failed === 0 && ran > 0;
}
