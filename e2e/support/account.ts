// A user's home and client, whatever holds the user's private keys.
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { pstore } from "./executables.ts";
import { createFolder } from "./folder.ts";
import { type Environment, type Finished, type Input, type RunOptions, run, start } from "./process.ts";
import { openTerminal, type TerminalOptions, type TerminalSession } from "./terminal.ts";

/** What {@link Account.pstore} takes beside the arguments. */
export interface PstoreOptions extends Omit<RunOptions, "env"> {
  /** Added to the user's environment. */
  readonly env?: Environment;
}

export abstract class Account {
  readonly name: string;
  /** `HOME`, with a `.pstorerc` that names the server and the user. */
  readonly home: string;
  readonly env: Environment;
  /** Added where the client has no terminal: what a person would type there. */
  readonly unattended: Environment;

  constructor(name: string, home: string, more: { env?: Environment; unattended?: Environment } = {}) {
    this.name = name;
    this.home = home;
    this.env = {
      HOME: home,
      XDG_STATE_HOME: join(home, ".local/state"),
      XDG_RUNTIME_DIR: join(home, "run"),
      ...more.env,
    };
    this.unattended = more.unattended ?? {};
  }

  /** The user's first key, as manifests name it. */
  abstract get key(): Fingerprint;

  /** The part of that key that session keys are wrapped to. @throws Error when there is none */
  abstract get part(): Fingerprint;

  /** That key as the server keeps it: an armored block, or a line as in `id_ed25519.pub`. */
  abstract publicKey(): Promise<string>;

  /** Runs the client to its end, by pipes. */
  pstore(args: readonly string[], options: PstoreOptions = {}): Promise<Finished> {
    const env = { ...this.env, ...this.unattended, ...options.env };
    return run([pstore, ...args], { cwd: this.home, ...options, env });
  }

  /** Starts the client with pipes, see {@link start}. */
  start(args: readonly string[], stdin?: Input) {
    const env = { ...this.env, ...this.unattended };
    return start([pstore, ...args], { cwd: this.home, env, ...(stdin !== undefined && { stdin }) });
  }

  /** Runs the client at a terminal. */
  terminal(args: readonly string[], options: TerminalOptions = {}): TerminalSession {
    return openTerminal([pstore, ...args], {
      cwd: this.home,
      ...options,
      env: { ...this.env, ...options.env },
    });
  }

  /** Replaces the user's `.pstorerc`. */
  async configure(...options: readonly string[]): Promise<void> {
    const file = join(this.home, ".pstorerc");
    await writeFile(file, `${options.join("\n")}\n`, { mode: 0o600 });
  }

  /** Forgets everything that the client remembers: pins, manifests and session, as on a new machine. */
  async forgetState(): Promise<void> {
    await rm(join(this.home, ".local/state"), { recursive: true, force: true });
    await this.forgetSession();
  }

  /** Forgets the session alone: the next command signs in. */
  async forgetSession(): Promise<void> {
    await rm(join(this.home, "run"), { recursive: true, force: true });
    await mkdir(join(this.home, "run"), { mode: 0o700 });
  }

  async dispose(): Promise<void> {
    // A client that has looked for keys in gpg may have left an agent there.
    const gnupg = join(this.home, ".gnupg");
    if (existsSync(gnupg)) await run(["gpgconf", "--homedir", gnupg, "--kill", "all"]);
    await rm(this.home, { recursive: true, force: true });
  }
}

/** A home without anything in it. Whoever asks removes it. */
export async function createHomeFolder(): Promise<string> {
  const home = await createFolder();
  await mkdir(join(home, "run"), { mode: 0o700 });
  return home;
}
