// Where things lie, and the one way in which the scripts start other programs.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const dist = join(root, "dist");
export const bun = join(root, "node_modules/.bin/bun");

/** An error whose message is one sentence for the person who ran the script. */
export class Failure extends Error {}

/**
 * Runs a program to its end, without standard input.
 *
 * @param {string[]} argv the program and its arguments
 * @param {{
 *   env?: Record<string, string | undefined>, cwd?: string, capture?: boolean, file?: number, signal?: AbortSignal
 * }} [options]
 *   `env` is added to the environment; `capture` collects the output instead of showing it, `file` is an open file that
 *   gets it; `signal` stops the program and what it started: they get a process group, and no terminal
 * @returns {Promise<{ code: number, output: string }>} exit code (127: cannot be started, 128 + n: signal n)
 */
export function run(argv, { env = {}, cwd = root, capture = false, file, signal } = {}) {
  return new Promise((resolve) => {
    const out = capture ? "pipe" : (file ?? "inherit");
    const child = spawn(argv[0], argv.slice(1), {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", out, out],
      detached: signal !== undefined,
    });
    const stop = () => process.kill(-child.pid, "SIGTERM");
    child.on("spawn", () => signal?.addEventListener("abort", stop));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", (error) => resolve({ code: 127, output: `${output}${error.message}` }));
    child.on("close", (code, endedBy) => {
      signal?.removeEventListener("abort", stop);
      resolve({ code: code ?? 128 + (constants.signals[endedBy] ?? 0), output });
    });
  });
}

/** Runs npm itself: the one that started this script, else the one on the PATH. */
export function npm(args, options) {
  const script = process.env.npm_execpath;
  const isNpm = script?.endsWith("npm-cli.js") ?? false;
  return run(isNpm ? [process.execPath, script, ...args] : ["npm", ...args], options);
}
