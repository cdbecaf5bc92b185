import { readFileSync } from "node:fs";

/** How long a pinentry gets to leave the terminal as it was, in milliseconds. */
const patience = 1000;

/**
 * Sees to it that a pinentry does not outlive this process: gpg-agent has started it, and lets it ask on when whoever
 * wanted something is gone. At a terminal it would take what is then typed at the shell.
 */
export class Pinentry {
  #pid: number | null = null;
  readonly #end = () => this.#pid !== null && end(this.#pid);

  /**
   * @param status what gpg said so far on its status file descriptor, of which PINENTRY_LAUNCHED names the process
   *   (GnuPG's doc/DETAILS)
   */
  see(status: string): void {
    const pid = status.match(/^\[GNUPG:\] PINENTRY_LAUNCHED (\d+)\b.*\n/m)?.[1];
    if (pid === undefined || this.#pid !== null) return;
    this.#pid = Number(pid);
    process.once("exit", this.#end);
  }

  /** It asks no more. */
  done(): void {
    process.off("exit", this.#end);
  }
}

function end(pid: number): void {
  // The agent may run on another machine, and the number there mean nothing here.
  if (!isOfAgent(pid)) return;
  try {
    process.kill(pid, "SIGTERM");
    for (let waited = 0; waited < patience; waited += 5) {
      Bun.sleepSync(5);
      if (!isOfAgent(pid)) return;
    }
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Whether a process of this machine is one that a gpg-agent has started. */
function isOfAgent(pid: number): boolean {
  return parentOf(pid)?.includes("gpg-agent") === true;
}

/** The name of the program that started a process; `null` when it cannot be told, or the process has ended. */
function parentOf(pid: number): string | null {
  try {
    // The fourth field is the parent's id, behind the program's name in brackets and the state (proc_pid_stat(5)).
    const [, state, parent] = /.*\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
    return state === "Z" ? null : readFileSync(`/proc/${parent}/comm`, "latin1");
  } catch {
    return process.platform === "linux" ? null : parentByPs(pid);
  }
}

function parentByPs(pid: number): string | null {
  const ps = (...args: string[]) =>
    Bun.spawnSync(["ps", ...args])
      .stdout.toString()
      .trim();
  try {
    return ps("-o", "comm=", "-p", ps("-o", "ppid=", "-p", `${pid}`));
  } catch {
    return null;
  }
}
