// A real pstore-server on a free port, with a database of its own.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buildExecutables, pstoreServer } from "./executables.ts";
import { createFolder } from "./folder.ts";
import { exportPublic, fingerprints, type GnupgHome } from "./gnupg.ts";
import { type Environment, type Finished, type RunOptions, run, start, succeed } from "./process.ts";

export interface ServerOptions {
  /** Further arguments of `init`, after `--admin admin`. */
  readonly init?: readonly string[];
  /** Further arguments of `serve`, for example `--public-url`. */
  readonly serve?: readonly string[];
  readonly env?: Environment;
  /** The file of a store that exists already: no `init`. Default: a new one. */
  readonly database?: string;
  /** The URL of an empty database, or with `hasStore` of a store, in place of a file. */
  readonly url?: string;
  readonly hasStore?: boolean;
}

export interface UserOptions {
  /** Further arguments of `user add`, for example `--view-any`. */
  readonly flags?: readonly string[];
  /** Further arguments of `key add`, for example `--write-only`. */
  readonly keyFlags?: readonly string[];
  /** Which keys of the home the user gets. Default: every one in it. */
  readonly keys?: readonly string[];
}

export class TestServer implements AsyncDisposable {
  /** A temporary folder that goes with the server; it is its home too. */
  readonly folder: string;
  /** The path of the SQLite file; there is none with a database of another engine. */
  readonly database: string;
  /** What stands behind `--database`. */
  readonly location: string;
  readonly #options: ServerOptions;
  #child: ReturnType<typeof start> | undefined;
  #port = 0;
  #output = "";

  constructor(folder: string, options: ServerOptions) {
    this.folder = folder;
    const named = /^sqlite:(.*)$/.exec(options.url ?? "")?.[1];
    this.database = options.database ?? named ?? join(folder, "store.db");
    this.location = options.url ?? `sqlite:${this.database}`;
    this.#options = options;
  }

  /** For example `http://127.0.0.1:40123`; the port stays the same over {@link restart}. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Process id of the running server. */
  get pid(): number {
    if (this.#child === undefined) throw new Error("The server does not run.");
    return this.#child.pid;
  }

  /** Everything that all runs of the server printed, to either stream. */
  get output(): string {
    return this.#output;
  }

  /** Runs another command of `pstore-server` on the same database, whatever its exit code. */
  command(args: readonly string[], options: Omit<RunOptions, "env"> = {}): Promise<Finished> {
    return run([pstoreServer, ...args, "--database", this.location], {
      ...options,
      env: this.#env,
    });
  }

  /** Makes a user with the public keys of a GnuPG home; without a home, a user without a key. */
  async addUser(name: string, home?: GnupgHome, options: UserOptions = {}): Promise<void> {
    await this.#succeeds(["user", "add", name, ...(options.flags ?? [])]);
    if (home === undefined) return;
    for (const fingerprint of options.keys ?? (await fingerprints(home))) {
      await this.addKey(name, await exportPublic(home, fingerprint), options.keyFlags);
    }
  }

  /** Gives a user a public key. */
  async addKey(name: string, armored: string, flags: readonly string[] = []): Promise<void> {
    await this.#succeeds(["key", "add", name, "-", ...flags], armored);
  }

  /** Starts the server and resolves when it listens. */
  async start(): Promise<void> {
    const argv = [pstoreServer, "serve", "--listen", `127.0.0.1:${this.#port}`];
    argv.push("--database", this.location, ...(this.#options.serve ?? []));
    const child = start(argv, { env: this.#env, cwd: this.folder });
    this.#child = child;
    const begin = this.#output.length;
    const listening = Promise.withResolvers<void>();
    const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      const decoder = new TextDecoder();
      for await (const bytes of stream) {
        this.#output += decoder.decode(bytes, { stream: true });
        const port = /listening on http:\/\/127\.0\.0\.1:(\d+)\s/.exec(this.#output.slice(begin))?.[1];
        if (port !== undefined) {
          this.#port = Number(port);
          listening.resolve();
        }
      }
    };
    Promise.all([collect(child.stdout), collect(child.stderr), child.exited]).then(() => {
      listening.reject(new Error(`pstore-server ended before it listened: ${this.#output.slice(begin)}`));
    }, listening.reject);
    await listening.promise;
  }

  /** Stops the server with SIGTERM, which lets it finish what it does, and returns its exit code. */
  stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** Ends the server with SIGKILL: it can finish nothing. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Starts the server again at the same URL, after a stop if it runs. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends the server and removes its folder; also at the end of an `await using`. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    child.kill(signal);
    await child.exited;
    return child.exitCode;
  }

  get #env(): Environment {
    return { HOME: this.folder, ...this.#options.env };
  }

  #succeeds(args: readonly string[], stdin?: string): Promise<Finished> {
    return succeed([pstoreServer, ...args, "--database", this.location], {
      env: this.#env,
      ...(stdin !== undefined && { stdin }),
    });
  }

  /** Creates the database and the account `admin`, which has neither web password nor key. */
  async init(): Promise<void> {
    await this.#succeeds(["init", "--admin", "admin", ...(this.#options.init ?? [])]);
  }
}

/** Makes a database (unless one is given) and serves it. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  await buildExecutables();
  const server = new TestServer(await createFolder(), options);
  try {
    if (options.database === undefined && !options.hasStore) await server.init();
    await server.start();
  } catch (error) {
    await server.dispose();
    throw error;
  }
  return server;
}
