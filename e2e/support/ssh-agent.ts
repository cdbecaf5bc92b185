// A real ssh-agent.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Environment, environment, run, succeed } from "./process.ts";
import type { SshTestKey } from "./ssh-key.ts";

/** A throw-away agent that runs until it is closed. */
export class SshAgentProcess implements AsyncDisposable {
  readonly socket: string;
  readonly #folder: string;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "ignore">;

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = join(folder, "agent");
    this.#child = Bun.spawn(["ssh-agent", "-D", "-a", this.socket], {
      env: environment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
  }

  /** Starts it; it listens when it has said where. */
  static async start(): Promise<SshAgentProcess> {
    const agent = new SshAgentProcess(mkdtempSync("/tmp/p-"));
    for await (const _ of agent.#child.stdout) break;
    return agent;
  }

  /** Gives it a key, whose passphrase a program types. @param options of ssh-add */
  async add(key: SshTestKey, ...options: readonly string[]): Promise<void> {
    const askpass = join(this.#folder, "askpass");
    await Bun.write(askpass, '#!/bin/sh\necho "$PASSPHRASE"\n');
    await succeed(["chmod", "700", askpass]);
    const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force", PASSPHRASE: key.passphrase ?? "" };
    await succeed(["ssh-add", "-q", ...options, key.file], { env: { ...this.env, ...env } });
  }

  /** Takes all keys from it. */
  async clear(): Promise<void> {
    await run(["ssh-add", "-q", "-D"], { env: this.env });
  }

  /** What a program needs to use it. */
  get env(): Environment {
    return { SSH_AUTH_SOCK: this.socket };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
