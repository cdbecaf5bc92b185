import { main } from "./main.ts";

process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));
process.once("SIGHUP", () => process.exit(129));

process.exit(
  await main(process.argv.slice(2), {
    env: process.env,
    // Opened only by the commands that read it.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
  }),
);
