import { failure, main } from "./main.ts";
import { standardError, standardInput, standardOutput } from "./terminal/standard-streams.ts";

process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));
process.once("SIGHUP", () => process.exit(129));
// Without this, Ctrl-\ would leave an image of the memory, with what is secret in it.
process.once("SIGQUIT", () => process.exit(131));

// What nobody awaits may fail too: it gets its sentence like everything else.
process.once("uncaughtException", (error) => process.exit(failure(error, standardError)));

const io = { env: process.env, stdin: standardInput, stdout: standardOutput, stderr: standardError };
// ssh asks for passwords through this very program, under a name that only --ssh makes (see programs/askpass.ts).
if (process.argv0 === `${process.env["PSTORE_ASKPASS"]}/askpass`)
  process.exit(await (await import("./askpass.ts")).askpass(process.argv.slice(2), io));
process.exit(await main(process.argv.slice(2), io));
