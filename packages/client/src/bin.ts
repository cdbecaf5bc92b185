import { failure, main } from "./main.ts";
import { isClearing } from "./terminal/clipboard/task.ts";
import { holdInput, standardError, standardInput, standardOutput } from "./terminal/standard-streams.ts";

/** How long a signal waits for what has come in already: gpg may just have named the pinentry that is to end with us. */
const moment = 5;

let ending: number | null = null;

for (const [signal, status] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
  ["SIGHUP", 129],
  // Else Ctrl-\ would leave an image of the memory, with what is secret in it.
  ["SIGQUIT", 131],
] as const) {
  // Not once: a second Ctrl-C shall not cut short what the first one cleans up.
  process.on(signal, () => {
    // The clipboard shall be cleared also when the terminal was closed meanwhile.
    if (signal === "SIGHUP" && isClearing(process.argv.slice(2))) return;
    ending ??= status;
    holdInput();
    setTimeout(end, moment, status);
  });
}

// What nobody awaits may fail too: it gets its sentence like everything else.
process.once("uncaughtException", (error) => end(failure(error, standardError)));

const io = { env: process.env, stdin: standardInput, stdout: standardOutput, stderr: standardError };
// ssh asks for passwords through this very program, under a name that only --ssh makes (see programs/askpass.ts).
if (process.argv0 === `${process.env["PSTORE_ASKPASS"]}/askpass`)
  end(await (await import("./askpass.ts")).askpass(process.argv.slice(2), io));
end(await main(process.argv.slice(2), io));

function end(status: number): never {
  process.exit(ending ?? status);
}
