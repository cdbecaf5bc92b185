// Runs the test files side by side, each in a process of its own: what one leaves behind or breaks reaches no other, and
// its output stays together.
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { isAbsolute, join, normalize, relative } from "node:path";
import { runsOf } from "./engines.mjs";
import { bun, Failure, root, run } from "./workspace.mjs";

/** What Bun takes for a test file. */
const testFile = /[._](?:test|spec)\.[cm]?[jt]sx?$/;

/** How many files run at once: one more than there are processors, since a fifth of the time a test waits; a few at most. */
const sideBySide = Math.min(4, availableParallelism() + 1);

/** Milliseconds after which, again and again, we say what still runs: else nobody would see where a test hangs. */
const patience = 60_000;

/** What stops a run: the tests' processes, which have groups of their own, are stopped with it. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

function* filesIn(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (testFile.test(entry.name)) yield path;
  }
}

/** The test files whose path contains one of the patterns, as in Bun; without a pattern, all. */
function testFiles(patterns) {
  const option = patterns.find((pattern) => pattern.startsWith("-"));
  if (option !== undefined)
    throw new Failure(`'${option}' is no part of a path: Bun's options are for 'npx bun test'.`);
  const parts = patterns.map((pattern) =>
    isAbsolute(pattern) ? relative(root, pattern) : normalize(pattern),
  );
  // In this order the quick tests of single modules come last, so that no processor waits for long at the end.
  const files = [...filesIn(".")].sort();
  return parts.length === 0 ? files : files.filter((file) => parts.some((part) => file.includes(part)));
}

/** The totals that Bun's JUnit report states in its root element; `null`: there is no report. */
function readTotals(report) {
  const head = existsSync(report) ? /<testsuites\b[^>]*>/.exec(readFileSync(report, "utf8"))?.[0] : undefined;
  if (head === undefined) return null;
  const number = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [tests, failed, skipped] = [number("tests"), number("failures"), number("skipped")];
  return { passed: tests - skipped - failed, failed, skipped };
}

/** What a file came to; one that cannot be loaded, or whose process dies, is a failed test. */
function judge(code, totals) {
  if (totals === null)
    return { passed: 0, failed: 1, skipped: 0, fault: `exit code ${code}, and no report of its tests` };
  // An error between two tests, for example, is in no total.
  if (code !== 0 && totals.failed === 0)
    return { ...totals, failed: 1, fault: `exit code ${code}, although no single test failed` };
  return totals;
}

const readOutput = (path) =>
  readFileSync(path, "utf8")
    .replace(/^bun test v.*\n/, "")
    .trim();

/** Runs one file to its end, on one engine if it is of several, and prints what it printed. */
async function runFile({ file, engine, label }, { folder, running, signal, env }) {
  const base = join(folder, label.replaceAll(/[/ ]/g, "-"));
  const begin = performance.now();
  running.set(label, { begin, output: `${base}.txt` });
  const opened = openSync(`${base}.txt`, "w");
  const argv = [bun, "test", "--timeout", "120000", "--reporter=junit", `--reporter-outfile=${base}.xml`];
  const own = {
    TMPDIR: join(folder, "tmp"),
    PSTORE_EXECUTABLES_BUILT: "1",
    ...(engine === null ? {} : { PSTORE_TEST_ENGINE: engine }),
  };
  const { code } = await run([...argv, `./${file}`], { env: { ...env, ...own }, file: opened, signal });
  closeSync(opened);
  running.delete(label);
  const result = {
    label,
    seconds: (performance.now() - begin) / 1000,
    ...judge(code, readTotals(`${base}.xml`)),
  };
  console.log(`\n${readOutput(`${base}.txt`).replace(`${file}:`, `${label}:`)}`);
  if (result.fault !== undefined) console.log(`${label}: ${result.fault}`);
  return result;
}

/** Says which files have been running for long, and how far they are. */
function reportSlow(running) {
  for (const [label, { begin, output }] of running) {
    const seconds = Math.round((performance.now() - begin) / 1000);
    if (seconds * 1000 < patience) continue;
    const last = readOutput(output).split("\n").at(-1);
    console.log(`\n${label} has been running for ${seconds} s; its last line: ${last}`);
  }
}

/** Takes the runs in turn, several at once, until all are through or we are to stop. */
async function runAll(runs, context) {
  const queue = [...runs];
  const results = [];
  const work = async () => {
    while (queue.length > 0 && !context.signal.aborted) results.push(await runFile(queue.shift(), context));
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
  context.signal.throwIfAborted();
  return results;
}

function printSummary(results, missing) {
  const seconds = ({ label, seconds }) => `${label} ${seconds.toFixed(1)} s`;
  const slowest = results.toSorted((one, other) => other.seconds - one.seconds).slice(0, 5);
  if (results.length > 1) console.log(`\nThe slowest: ${slowest.map(seconds).join(", ")}`);
  for (const { engine, count } of missing)
    console.log(`Not run: ${count} files on ${engine}, of which there is no server here`);
  for (const { label, failed, fault } of results)
    if (failed > 0) console.log(`Failed: ${label}: ${fault ?? `${failed} of its tests`}`);
}

/**
 * Runs test files, prints the output of each whole when it ends, and then which failed and which took longest.
 *
 * @param {string[]} patterns which test files to run: parts of their paths; none: all
 * @param {Record<string, string>} [env] added to the environment of the tests
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>} the totals
 * @throws {Failure} when a signal stops us, and the tests with us
 */
export async function runTests(patterns, env = {}) {
  console.log("== bun test");
  const { runs, missing } = runsOf(testFiles(patterns), { ...process.env, ...env });
  const folder = mkdtempSync(join(tmpdir(), "p-test-"));
  // Everything that tests leave behind in the usual temporary folder goes with ours.
  mkdirSync(join(folder, "tmp"));
  const stop = new AbortController();
  const onSignal = (name) => stop.abort(new Failure(`The tests were stopped by ${name}.`));
  for (const name of signals) process.on(name, onSignal);
  const context = { folder, running: new Map(), signal: stop.signal, env };
  const notices = setInterval(reportSlow, patience, context.running);
  try {
    const results = await runAll(runs, context);
    printSummary(results, missing);
    const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
    const notRun = missing.reduce((sum, { count }) => sum + count, 0);
    return { passed: total("passed"), failed: total("failed"), skipped: total("skipped") + notRun };
  } finally {
    clearInterval(notices);
    for (const name of signals) process.off(name, onSignal);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
