// A root folder with a small Debian in it, and programs that run there as in a container: with a root, processes and mounts
// of their own, and the network of this host.
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createFolderForOthers } from "./folder.ts";
import { type Finished, type Input, run, start, succeed } from "./process.ts";

export interface RootOptions {
  /** Numbers of user and group. Default: root's. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Input;
}

/** Why no such root can be made here; `null`: it can. */
export async function whyNoRoot(): Promise<string | null> {
  if (process.getuid?.() !== 0) return "it takes root";
  if (Bun.which("mmdebstrap") === null) return "mmdebstrap is not installed";
  const { code } = await run(["unshare", "--mount", "--pid", "--fork", "true"]);
  return code === 0 ? null : "this host allows no namespaces";
}

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export class DebianRoot implements AsyncDisposable {
  /** Where it lies. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A path of this root, as this host sees it. */
  at(inside: string): string {
    return join(this.folder, inside);
  }

  /** Runs a program in it to its end, whatever its exit code. */
  run(argv: readonly string[], options: RootOptions = {}): Promise<Finished> {
    const { stdin } = options;
    return run(this.#argv(argv, options), stdin === undefined ? {} : { stdin });
  }

  /** Starts a program in it. */
  start(argv: readonly string[], options: Omit<RootOptions, "stdin"> = {}): RootProcess {
    return new RootProcess(start(this.#argv(argv, options)));
  }

  #argv(argv: readonly string[], { user, env = {} }: RootOptions): readonly string[] {
    const names = user === undefined ? [] : ["--setgid", `${user.gid}`, "--setuid", `${user.uid}`];
    const variables = Object.entries({ PATH: path, ...env }).map(([name, value]) => `${name}=${value}`);
    return [
      ...["unshare", "--mount", "--pid", "--fork", `--root=${this.folder}`, "--mount-proc"],
      ...[...names, "--", "/usr/bin/env", "-i", ...variables, ...argv],
    ];
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Another one with the same in it. */
  async copy(): Promise<DebianRoot> {
    const folder = await createFolderForOthers();
    await succeed(["cp", "-a", `${this.folder}/.`, folder]);
    return new DebianRoot(folder);
  }

  /** Copies a file of this host into it. */
  async take(file: string, inside: string): Promise<void> {
    await mkdir(join(this.at(inside), ".."), { recursive: true });
    await cp(file, this.at(inside));
  }
}

/** A program that runs in a root, as its process 1. */
export class RootProcess {
  readonly #child: ReturnType<typeof start>;
  #output = "";
  readonly #ended: Promise<void>;
  readonly #waiters: {
    readonly text: RegExp;
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  constructor(child: ReturnType<typeof start>) {
    this.#child = child;
    const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      const decoder = new TextDecoder();
      for await (const bytes of stream) {
        this.#output += decoder.decode(bytes, { stream: true });
        for (const { text, resolve } of this.#waiters) if (text.test(this.#output)) resolve();
      }
    };
    this.#ended = Promise.all([collect(child.stdout), collect(child.stderr), child.exited]).then(() => {
      for (const { reject } of this.#waiters) reject(new Error(`it ended: ${this.#output}`));
    });
  }

  /** What it has printed, to either stream. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when it has printed this; rejects when it ends without. */
  printed(text: RegExp): Promise<void> {
    if (text.test(this.#output)) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.push({ text, resolve, reject });
    return promise;
  }

  /** Sends SIGTERM to it, as whoever stops a container does, and answers its exit code. */
  stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** Ends it at once, if it still runs. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null) await this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    // unshare stands between, and lets no signal through.
    const { pid } = this.#child;
    const inside = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
    process.kill(Number(inside), signal);
    await this.#ended;
    return this.#child.exitCode;
  }
}

/**
 * Makes a root with less of Debian than its smallest image has, from Debian's packages. (mmdebstrap takes half as long as
 * debootstrap: it unpacks all packages at once, and does not wait for the disk.)
 * @param suite the release, for example `bookworm`
 * @param packages more of them than the essential ones
 */
export async function makeDebianRoot(suite: string, packages: readonly string[]): Promise<DebianRoot> {
  const folder = await createFolderForOthers();
  const root = new DebianRoot(folder);
  try {
    const which = packages.length === 0 ? [] : [`--include=${packages.join(",")}`];
    const how = ["--mode=root", "--variant=essential", "--dpkgopt=force-unsafe-io", ...which];
    // What it mounts there goes with it, also when it is killed.
    await succeed(["unshare", "--mount", "mmdebstrap", ...how, suite, folder], {
      env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, ...proxies() },
      timeout: 240_000,
    });
    // mkdtemp made it for its owner alone.
    await succeed(["chmod", "755", folder]);
  } catch (error) {
    await root.dispose();
    throw error;
  }
  return root;
}

/** How this host reaches the web, if not directly. */
function proxies(): Record<string, string> {
  const names = ["http_proxy", "https_proxy", "no_proxy"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
