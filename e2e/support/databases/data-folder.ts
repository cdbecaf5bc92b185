// The folder of a database, which goes when its owner does, however that ends.
import { spawn } from "node:child_process";
import { createFolderForOthers } from "../folder.ts";
import { handOver } from "./account.ts";
import type { Engine } from "./programs.ts";

/**
 * Waits for the end of its standard input, which comes with the end of whoever holds the other side, and removes the folder.
 * Servers that are just being killed may still write into it.
 */
const watcher = `
  trap '' INT TERM HUP
  cat
  for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    rm -rf -- "$1" 2>&- && break
    sleep 0.1
  done`;

/** On disk, not in memory: a database's writes cost there what they cost, and 256 MiB values of many tests fit. */
export class DataFolder {
  readonly path: string;
  readonly #watcher: ReturnType<typeof watch>;

  private constructor(path: string) {
    this.path = path;
    this.#watcher = watch(path);
  }

  /** Makes one that the engine's account may write to, and nobody else enter. */
  static async create(engine: Engine): Promise<DataFolder> {
    const path = await createFolderForOthers();
    const folder = new DataFolder(path);
    handOver(engine, path);
    return folder;
  }

  /** Resolves when the folder is gone. */
  async remove(): Promise<void> {
    this.#watcher.child.stdin.end();
    await this.#watcher.ended;
  }
}

function watch(path: string) {
  // In a session of its own, so that a signal to us and all that we started does not reach it.
  const child = spawn("/bin/sh", ["-c", watcher, "sh", path], {
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("exit", () => resolve());
    child.on("error", reject);
  });
  child.unref();
  return { child, ended };
}
