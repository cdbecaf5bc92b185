// System calls of a real program that fail, or end it, where we want them to.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "./folder.ts";
import { type Finished, type RunOptions, run, start } from "./process.ts";

/** What happens at one system call on some files. */
export interface CallFault {
  readonly call: "pwrite64" | "fsync";
  /** What the call ends with in place of being done; `KILL`: the program is ended instead. */
  readonly outcome: "ENOSPC" | "EIO" | "KILL";
  /** At which call, from 1 on; with `isLasting`, at each from there. */
  readonly at: number;
  readonly isLasting?: boolean;
  /** The files that are meant. */
  readonly paths: readonly string[];
}

function argumentsFor({ call, outcome, at, isLasting = false, paths }: CallFault, log: string): string[] {
  const how = outcome === "KILL" ? "signal=KILL" : `error=${outcome}`;
  return [
    ...["strace", "-f", "-o", log, "-e", `trace=${call}`],
    ...["-e", `inject=${call}:${how}:when=${at}${isLasting ? "+" : ""}`],
    ...paths.flatMap((path) => ["-P", path]),
  ];
}

/** What became of a fault. */
export interface Met {
  readonly isMet: boolean;
  /** How many such calls there were. */
  readonly calls: number;
}

async function readMet(log: string, { call }: CallFault): Promise<Met> {
  const text = await readFile(log, "utf8");
  return {
    isMet: /\(INJECTED\)|\+\+\+ killed by SIGKILL/.test(text),
    calls: text.split(` ${call}(`).length - 1,
  };
}

/** Does something while a running program meets a fault. */
export async function whileFaulty(pid: number, fault: CallFault, work: () => Promise<void>): Promise<Met> {
  const folder = await createFolder();
  const log = join(folder, "calls");
  const child = start([...argumentsFor(fault, log), "-p", `${pid}`]);
  try {
    await attached(child.stderr);
    await work();
    await detach(child, fault);
    return await readMet(log, fault);
  } finally {
    await detach(child, fault);
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Ends strace. It ends by itself with a program that was killed; interrupted before it has seen the last thread go, it
 * can wait for that thread for ever.
 */
async function detach(child: ReturnType<typeof start>, { outcome }: CallFault): Promise<void> {
  if (outcome === "KILL") await Promise.race([child.exited, Bun.sleep(5000)]);
  child.kill("SIGINT");
  await Promise.race([child.exited, Bun.sleep(20_000)]);
  child.kill("SIGKILL");
  await child.exited;
}

async function attached(stderr: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stderr.getReader();
  let text = "";
  while (!/ attached/.test(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`strace does not attach: ${text}`);
    text += new TextDecoder().decode(value);
  }
  // It must not wait for us to read more.
  reader.read().then(async function more({ done }): Promise<void> {
    if (!done) await reader.read().then(more);
  });
}

/** Runs a program that meets a fault. */
export async function runFaulty(
  argv: readonly string[],
  fault: CallFault,
  options: RunOptions = {},
): Promise<Finished & Met> {
  const folder = await createFolder();
  const log = join(folder, "calls");
  try {
    const finished = await run([...argumentsFor(fault, log), ...argv], options);
    return { ...finished, ...(await readMet(log, fault)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
