#!/usr/bin/env bun
import { isTerminal, tell, writeAll } from "./cli/streams.ts";
import { main } from "./main.ts";

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  stdout: (text) => writeAll(1, text, "standard output"),
  stderr: tell,
  get isTerminal() {
    return isTerminal(1);
  },
  stdin: () => Bun.stdin.bytes(),
  askSecret: async (question) => (await import("./cli/terminal.ts")).askSecret(question),
  confirm: async (question) => (await import("./cli/terminal.ts")).confirm(question),
  stopped: () =>
    new Promise((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    }),
});
