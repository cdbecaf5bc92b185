// A server process that is killed and started again at the same port, and what its log says.
import { pstoreServer } from "@pstore/e2e/support/executables";
import { start } from "@pstore/e2e/support/process";
import { rest } from "@pstore/server/serving/rest";
import type { ServerLog } from "./server-log.ts";

/** For how long it is tried to start a server, in milliseconds, and with which pause. */
const patience = 60_000;
const pause = 100;
/** What it says when it ends since its database is away. */
const databaseAway = /^pstore-server: the database \S+ cannot be used \([^)]+\); [^;]+\n$/;

export interface ServerProcessOptions {
  readonly database: string;
  readonly port: number;
  /** The URLs of all servers of the store. */
  readonly publicUrls: readonly string[];
  /** A folder of its own. */
  readonly home: string;
  readonly log: ServerLog;
}

export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #child: ReturnType<typeof start> | undefined;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  /**
   * Starts it, and resolves when it listens. Where its database is away it ends with a sentence, and is started again, as
   * whatever watches over it does.
   */
  async start(): Promise<void> {
    for (const end = performance.now() + patience; !(await this.#listens()); ) {
      if (performance.now() > end) throw new Error(`a server does not start: ${this.#options.log.tail}`);
      await rest(pause);
    }
  }

  /** Starts it once. @returns whether it listens; else its database is away */
  async #listens(): Promise<boolean> {
    const { database, port, publicUrls, home, log } = this.#options;
    const argv = [pstoreServer, "serve", "--listen", `127.0.0.1:${port}`, "--database", database];
    argv.push("--log-format", "json", "--log-requests", "errors");
    for (const url of publicUrls) argv.push("--public-url", url);
    const child = start(argv, { env: { HOME: home }, cwd: home });
    this.#child = child;
    const logged = log.collect(child.stderr);
    const decoder = new TextDecoder();
    let output = "";
    const { promise: listening, resolve, reject } = Promise.withResolvers<boolean>();
    const collect = async () => {
      for await (const bytes of child.stdout) {
        output += decoder.decode(bytes, { stream: true });
        if (/listening on \S+\s/.test(output)) resolve(true);
      }
      await child.exited;
      const said = await logged;
      if (child.exitCode === 1 && databaseAway.test(said)) resolve(false);
      else reject(new Error(`a server ended before it listened: ${output}${said}`));
    };
    collect().catch(reject);
    return await listening;
  }

  /** Ends it with SIGKILL. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** The same, for whoever cannot wait. */
  killNow(): void {
    this.#child?.kill("SIGKILL");
  }

  /** Lets it finish. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.kill(signal);
    await child.exited;
  }
}
