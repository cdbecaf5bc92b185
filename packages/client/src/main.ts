import { Problem } from "@pstore/core/problem";
import { visibleLine } from "@pstore/core/visible";
import { version } from "../package.json";
import { readArguments } from "./cli/arguments.ts";
import { help } from "./cli/help.ts";
import { isLookup } from "./cli/modes.ts";
import { readRc } from "./cli/rc.ts";
import type { Arguments } from "./cli/words.ts";
import type { Io, Messages, Output } from "./io.ts";
import { OtherStatus } from "./programs/other-status.ts";
import { isClearing } from "./terminal/clipboard/task.ts";
import { Interrupted } from "./terminal/interrupted.ts";
import { NobodyReads } from "./terminal/nobody-reads.ts";
import { toFile } from "./terminal/output.ts";

/**
 * Runs one command.
 * @param argv the words behind the program's name
 * @returns the exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    if (isClearing(argv)) {
      const { clearClipboard } = await import("./terminal/clipboard/clear.ts");
      await clearClipboard(io.env);
      return 0;
    }
    // While a line is being typed, nothing may be written into it.
    const isSilent = argv.some((word) => word.startsWith("--lookup-"));
    const warn = (text: string) => isSilent || io.stderr.write(`WARNING: ${visibleLine(text)}\n`);
    const file = () => readRc(io.env["HOME"], warn);
    const args = readArguments(argv, file, io.env["PSTORE_CONTEXT"], io.env["PSTORE_IDENTITY"]);
    if (args.options.output === null) return await run(args, io, io.stdout);
    return await toFile(args.options.output, (file) => run(args, io, file));
  } catch (error) {
    return failure(error, io.stderr);
  }
}

/** Says on stderr why a command failed. @returns its exit status */
export function failure(error: unknown, stderr: Messages): number {
  if (error instanceof Interrupted) return error.status;
  if (error instanceof NobodyReads) return 1;
  const sentence = error instanceof Problem ? error.message : sentenceOf(error as NodeJS.ErrnoException);
  const kind = error instanceof Problem && error.code === "unavailable" ? "backend error" : "error";
  stderr.write(`${kind}: ${visibleLine(sentence)}\n`);
  if (error instanceof OtherStatus) return error.exitStatus;
  return error instanceof Problem && (error.code === "usage" || error.code === "bad-name") ? 2 : 1;
}

/** What an error says that nobody foresaw: a full disk under stdout is the host's affair, the rest is ours. */
function sentenceOf({ code, message, syscall }: NodeJS.ErrnoException): string {
  if (code === "SQLITE_FULL" || code?.startsWith("SQLITE_IOERR"))
    return `what was verified cannot be kept in the state folder (${message}); make room there and repeat the command`;
  return syscall === undefined
    ? `pstore has a fault (${message}); please report it`
    : `a file, pipe or terminal failed (${message}); mend it and repeat the command`;
}

async function run(args: Arguments, io: Io, output: Output): Promise<number> {
  const { options } = args;
  if (options.mode === "help") await output.bytes(help(options.verbose));
  else if (options.mode === "version") await output.bytes(`pstore ${version}\n`);
  else if (options.completion !== null) {
    const { completionScript } = await import("./cli/completion/script.ts");
    await output.bytes(completionScript(options.completion));
  } else if (isLookup(options.mode)) {
    const { runLookup } = await import("./lookup.ts");
    await runLookup(args, options.mode, io, output);
  } else if (options.mode === "doctor") {
    const { examine } = await import("./doctor.ts");
    return examine(args, io, output);
  } else {
    // Help shall not wait for what it does not need.
    const { runAtStore } = await import("./run.ts");
    return runAtStore(args, io, output);
  }
  return 0;
}
