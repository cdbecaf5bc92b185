// A database's server process, which ends when we do, however we end.
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { inAccount, programEnvironment } from "./account.ts";
import type { Engine } from "./programs.ts";

export interface DaemonOptions {
  readonly engine: Engine;
  /** The working folder. */
  readonly folder: string;
  /** The file to which its output is added. */
  readonly log: string;
  /** What it gets when we end. Default: SIGKILL. */
  readonly lastSignal?: "KILL" | "QUIT";
}

export class Daemon {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  readonly #log: string;
  #isRunning = true;

  constructor(argv: readonly string[], { engine, folder, log, lastSignal = "KILL" }: DaemonOptions) {
    const output = openSync(log, "a");
    // The last of setpriv's steps: a change of the user would take it back.
    const before = inAccount(engine);
    const whole = [...(before.length === 0 ? ["setpriv"] : before), "--pdeathsig", lastSignal, "--", ...argv];
    const child = spawn(whole[0] ?? "", whole.slice(1), {
      cwd: folder,
      env: programEnvironment(),
      stdio: ["ignore", output, output],
      // Ctrl-C is for us, who then stop it.
      detached: true,
    });
    closeSync(output);
    if (child.pid === undefined)
      throw new Error("There is no setpriv here: install Debian's package util-linux.");
    this.pid = child.pid;
    this.#log = log;
    this.ended = new Promise((resolve) => {
      child.on("exit", () => {
        this.#isRunning = false;
        resolve();
      });
    });
    child.unref();
  }

  /** Lets it finish what it does, and resolves at its end. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#isRunning) process.kill(this.pid, signal);
    await this.ended;
  }

  /** Ends it and all that it started with SIGKILL, as a power cut would; resolves when nothing of it runs. */
  async kill(): Promise<void> {
    if (!this.#isRunning) return;
    // Else it would start others while we look.
    process.kill(this.pid, "SIGSTOP");
    const all = [this.pid, ...descendants(this.pid)];
    for (const pid of all) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    }
    await this.ended;
    while (all.some(runs)) await sleep(5);
  }

  /**
   * Asks again and again until something holds of this server.
   *
   * @param what the end of a sentence that begins with 'the server', for the error
   * @throws Error with the last lines of its log, when it ends meanwhile or takes longer than so many seconds
   */
  async until(what: string, holds: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (!(await holds())) {
      if (!this.#isRunning) throw this.#failure(`ended before it ${what}`);
      if (performance.now() > end) throw this.#failure(`has not within ${seconds} s: it ${what}`);
      await sleep(20);
    }
  }

  #failure(what: string): Error {
    const tail = readFileSync(this.#log, "utf8").trimEnd().split("\n").slice(-20).join("\n");
    return new Error(`The database's server ${what}; its log ends so:\n${tail}`);
  }
}

function descendants(pid: number): readonly number[] {
  try {
    // Each thread has children of its own.
    const threads = readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"));
    const children = lists.flatMap((list) => list.trim().split(" ")).filter((child) => child !== "");
    return children.flatMap((child) => [Number(child), ...descendants(Number(child))]);
  } catch {
    return [];
  }
}

/** Whether a process exists, and is more than its exit code that nobody has asked for. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
