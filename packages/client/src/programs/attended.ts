import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as pause } from "node:timers/promises";

type Environment = Readonly<Record<string, string | undefined>>;

/** A program that runs in the foreground in our place, while we wait for it. */
export interface Attended {
  readonly pid: number;
  /** The exit status, as a shell states it: 128 + n for signal n. */
  readonly exit: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** How long a stopped program must stay so before we stop too, in milliseconds: it may be going on already. */
const glance = 20;

/** Starts a program that has our standard streams, our terminal and our signals. */
export function attend(argv: readonly string[], env: Environment): Attended {
  // Ctrl-C and Ctrl-\ reach both at the terminal: it is the program's affair what becomes of them.
  for (const signal of ["SIGINT", "SIGQUIT"] as const) handle(signal, () => {});
  const child = Bun.spawn([...argv], { stdio: ["inherit", "inherit", "inherit"], env });
  for (const signal of ["SIGTERM", "SIGHUP"] as const) handle(signal, () => child.kill(signal));
  // A program that stops itself (ssh's ~^Z) gives the terminal back to the shell only if we stop with it.
  const follow = async () => {
    if (!isStopped(child.pid)) return;
    await pause(glance);
    if (isStopped(child.pid)) process.kill(process.pid, "SIGSTOP");
  };
  process.on("SIGCHLD", follow);
  const exit = child.exited.then(() => {
    process.off("SIGCHLD", follow);
    const { exitCode, signalCode } = child;
    return exitCode ?? 128 + constants.signals[signalCode as NodeJS.Signals];
  });
  return { pid: child.pid, exit, kill: (signal) => child.kill(signal) };
}

/** In the place of the handlers that end a command which runs nothing else. */
function handle(signal: NodeJS.Signals, handler: () => void): void {
  process.removeAllListeners(signal);
  process.on(signal, handler);
}

function isStopped(pid: number): boolean {
  try {
    // PID (NAME) STATE …, see proc(5); NAME may hold anything.
    return /^T/.test(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, ""));
  } catch {
    return false;
  }
}
