// The database servers that the tests of a run share.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { bun, root } from "./workspace.mjs";

/**
 * Starts one server of each engine that can be had here; which one cannot, and why, is said on stderr.
 *
 * @returns {Promise<{ env: Record<string, string>, stop: () => Promise<void> }>} what to add to the tests' environment,
 *   and what ends the servers. They end with us, too, however we end.
 */
export async function startDatabases() {
  const child = spawn(bun, ["e2e/support/databases/serve.ts"], {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C is for us: the servers stay until the tests have ended.
    detached: true,
  });
  const ended = new Promise((resolve) => {
    child.on("exit", resolve);
    child.on("error", resolve);
  });
  const stop = async () => {
    child.stdin.destroy();
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout })) return { env: JSON.parse(line), stop };
  // It has ended, and has said why; the tests start servers of their own.
  return { env: {}, stop };
}
