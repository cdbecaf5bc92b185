import { chmodSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "@pstore/core/problem";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder of what this client has verified: `$XDG_STATE_HOME/pstore`, by default `~/.local/state/pstore`.
 * @throws Problem `local-fault` when neither variable nor a home folder is set
 */
export function stateFolder(env: Environment): string {
  const base = absolute(env["XDG_STATE_HOME"]) ?? inHome(env, ".local/state");
  if (base === null)
    throw new Problem(
      "local-fault",
      "neither HOME nor XDG_STATE_HOME is set; set one, so that pins can be kept",
    );
  return join(base, "pstore");
}

/**
 * The folder of sessions, which need not outlive a login: `$XDG_RUNTIME_DIR/pstore`, or `/run/user/UID/pstore` where
 * that folder is ours, or the state folder's `session`.
 */
export function sessionFolder(env: Environment): string {
  const runtime = absolute(env["XDG_RUNTIME_DIR"]);
  if (runtime !== null) return join(runtime, "pstore");
  const uid = process.getuid?.() ?? 0;
  const usual = `/run/user/${uid}`;
  return isOwnFolder(usual, uid) ? join(usual, "pstore") : join(stateFolder(env), "session");
}

/** Makes a folder that only its user may enter. */
export function makePrivate(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if ((statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

function absolute(path: string | undefined): string | null {
  return path?.startsWith("/") ? path : null;
}

function inHome(env: Environment, path: string): string | null {
  return env["HOME"] ? join(env["HOME"], path) : null;
}

function isOwnFolder(path: string, uid: number): boolean {
  try {
    const status = statSync(path);
    return status.isDirectory() && status.uid === uid;
  } catch {
    return false;
  }
}
