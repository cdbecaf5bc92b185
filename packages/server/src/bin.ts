#!/usr/bin/env bun
import { showProgress } from "./cli/progress.ts";
import { isTerminal, tell, tellSoon, writeAll } from "./cli/streams.ts";
import { main } from "./main.ts";

const code = await main(process.argv.slice(2), {
  env: process.env,
  stdout: (text) => writeAll(1, text, "standard output"),
  stderr: tell,
  stderrSoon: tellSoon,
  progress: showProgress,
  get isTerminal() {
    return isTerminal(1);
  },
  stdin: () => Bun.stdin.bytes(),
  async *stdinLines() {
    yield* (await import("./cli/lines.ts")).standardInputLines();
  },
  askSecret: async (question) => (await import("./cli/terminal.ts")).askSecret(question),
  confirm: async (question) => (await import("./cli/terminal.ts")).confirm(question),
  stopped: () =>
    new Promise((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    }),
});
// Whoever should read standard error, and does not, must not keep the program.
process.exit(code);
