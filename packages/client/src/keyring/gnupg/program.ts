import { readlinkSync } from "node:fs";
import { Problem } from "@pstore/core/problem";
import { Pinentry } from "./pinentry.ts";
import { parseStatus, type StatusLine } from "./status.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What every call of gpg says. Nothing but the status lines is believed, and nothing that gpg logs is kept or shown: a
 * `log-file` in the user's gpg.conf would hold session keys. Not `--quiet`: it also leaves out the status lines that
 * tell why a decryption failed.
 */
const always = ["--no-tty", "--batch", "--log-file", "/dev/null", "--status-fd", "2"];

/**
 * A session of its own: Ctrl-C is for us to handle. gpg ends when we do, by its pipes, and cleans up, which it does not
 * at a signal.
 */
const detached = true;

export type Gpg = Bun.Subprocess<"pipe", "pipe", "pipe">;
/** A gpg whose standard output is of no interest. */
export type MuteGpg = Bun.Subprocess<"pipe", "ignore", "pipe">;

export interface Result {
  readonly status: readonly StatusLine[];
  readonly stdout: Buffer;
}

/** The command `gpg`, as the user has set it up. */
export class GpgProgram {
  readonly #given: Environment;
  #known: Environment | null = null;
  readonly #always: readonly string[];

  /** @param mayAsk whether its agent may ask for a passphrase or a card; else what needs one fails */
  constructor(env: Environment, mayAsk: boolean) {
    this.#given = env;
    this.#always = mayAsk ? always : [...always, "--pinentry-mode", "error"];
  }

  get #env(): Environment {
    this.#known ??= { ...this.#given, GPG_TTY: this.#given["GPG_TTY"] ?? ownTerminal() };
    return this.#known;
  }

  run(argv: readonly string[], stdin: Uint8Array): Promise<Result> {
    return finish(this.start(argv), stdin);
  }

  /** @throws Problem `no-private-key` when there is no gpg */
  start(argv: readonly string[]): Gpg {
    return started(() =>
      Bun.spawn(["gpg", ...this.#always, ...argv], {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
        env: this.#env,
        detached,
      }),
    );
  }

  /** @throws Problem `no-private-key` when there is no gpg */
  startMute(argv: readonly string[]): MuteGpg {
    return started(() =>
      Bun.spawn(["gpg", ...this.#always, ...argv], {
        stdin: "pipe",
        stdout: "ignore",
        stderr: "pipe",
        env: this.#env,
        detached,
      }),
    );
  }
}

function started<T>(spawn: () => T): T {
  try {
    return spawn();
  } catch (error) {
    throw new Problem(
      "no-private-key",
      "gpg cannot be started; install GnuPG (the package gnupg), or give a key file as --identity",
      {
        cause: error,
      },
    );
  }
}

/** What gpg says and writes when its input ends with these bytes. */
export async function finish(gpg: Gpg, stdin: Uint8Array): Promise<Result> {
  const [stdout, stderr] = await Promise.all([
    new Response(gpg.stdout).arrayBuffer(),
    said(gpg.stderr),
    gpg.exited,
    tell(gpg.stdin, stdin).then(() => endInput(gpg.stdin)),
  ]);
  return { status: parseStatus(stderr), stdout: Buffer.from(stdout) };
}

/**
 * Writes to gpg. One that has ended reads no more: what that means, whoever waits for its answer can tell.
 * @returns whether it could be written
 */
export async function tell(stdin: Bun.FileSink, bytes: Uint8Array | string): Promise<boolean> {
  try {
    await stdin.write(bytes);
    await stdin.flush();
    return true;
  } catch {
    return false;
  }
}

/** Lets gpg see the end of its input, if it still reads it. */
export async function endInput(stdin: Bun.FileSink): Promise<void> {
  try {
    await stdin.end();
  } catch {
    // It has ended by itself.
  }
}

/** All that gpg says, which may start a pinentry on the way. */
async function said(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const pinentry = new Pinentry();
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stderr) {
    text += decoder.decode(bytes, { stream: true });
    pinentry.see(text);
  }
  pinentry.done();
  return text;
}

/** The terminal that this process stands at, for pinentry: gpg's own standard input is a pipe. */
function ownTerminal(): string | undefined {
  for (const fd of [0, 1, 2]) {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      if (/^\/dev\/(pts\/|tty)/.test(path)) return path;
    } catch {
      // Not on Linux, or closed.
    }
  }
  return undefined;
}
