#!/usr/bin/env bun
import { writeSync } from "node:fs";
import { main } from "./main.ts";

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  stdout: (text) => void writeSync(1, text),
  stderr: (text) => void writeSync(2, text),
  stdin: () => Bun.stdin.bytes(),
  askSecret: async (question) => (await import("./cli/terminal.ts")).askSecret(question),
  stopped: () =>
    new Promise((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    }),
});
