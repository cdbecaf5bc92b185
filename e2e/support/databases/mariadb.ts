// A MariaDB of our own, as Debian's packages have it: all settings are the default ones, but for what makes it private.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { succeedInAccount } from "./account.ts";
import { Daemon } from "./daemon.ts";
import { DataFolder } from "./data-folder.ts";
import { clientOptions, installData, makeEmpty, writeClientOptions } from "./mariadb-files.ts";
import { greets } from "./mariadb-greeting.ts";
import { freePort } from "./ports.ts";
import { program, whyNoServer } from "./programs.ts";
import { makeServerCertificate, type ServerCertificate } from "./server-certificate.ts";
import { databaseUrl, type UrlOptions } from "./url.ts";

export interface MariaDbOptions {
  /** Options of `mariadbd`, without the dashes. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Takes connections with TLS, too. */
  readonly tls?: boolean;
}

/** What a server that joins others gets from them. */
export interface Joining {
  readonly password: string;
}

export class MariaDbServer implements AsyncDisposable {
  /** The user with all rights, from everywhere, with {@link password}. There is no other. */
  readonly user = "admin";
  readonly password: string;
  readonly port: number;
  readonly #folder: DataFolder;
  readonly #settings: Readonly<Record<string, string>>;
  #certificate: ServerCertificate | undefined;
  #daemon: Daemon | undefined;

  private constructor(folder: DataFolder, port: number, password: string, settings: Record<string, string>) {
    this.#folder = folder;
    this.port = port;
    this.password = password;
    this.#settings = settings;
  }

  /** Makes one and resolves when it serves. */
  static async start(options: MariaDbOptions = {}): Promise<MariaDbServer> {
    const server = await MariaDbServer.create(options);
    try {
      await server.restart();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Makes one that does not run yet. With `joining`, it has no data before it gets that of the others. */
  static async create(
    { settings = {}, tls = false }: MariaDbOptions = {},
    joining?: Joining,
  ): Promise<MariaDbServer> {
    const why = whyNoServer("mysql");
    if (why !== null) throw new Error(why);
    const password = joining?.password ?? randomBytes(12).toString("hex");
    const folder = await DataFolder.create("mysql");
    const server = new MariaDbServer(folder, await freePort(), password, settings);
    try {
      await writeClientOptions(folder.path, { user: server.user, password, socket: server.socket });
      if (joining === undefined) await installData(folder.path, server.#data, password);
      else await makeEmpty(server.#data);
      if (tls) server.#certificate = await makeServerCertificate("mysql", folder.path);
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Holds everything of it, its socket too. */
  get folder(): string {
    return this.#folder.path;
  }

  get socket(): string {
    return join(this.folder, "socket");
  }

  get logFile(): string {
    return join(this.folder, "server.log");
  }

  /** The certificate (PEM) that clients must trust for TLS. */
  get caFile(): string {
    if (this.#certificate === undefined) throw new Error("This server was started without TLS.");
    return this.#certificate.ca;
  }

  /** The URL of one of its databases, over TCP and as {@link user} unless something else is said. */
  url(
    database: string,
    { socket = false, user = this.user, password = this.password, parameters }: UrlOptions = {},
  ) {
    return databaseUrl({
      scheme: "mysql",
      user,
      password,
      ports: socket ? [] : [this.port],
      database,
      parameters: { ...(socket && { socket: this.socket }), ...parameters },
    });
  }

  /** What statements of SQL print: a line for each row, its columns between tabs. */
  async query(sql: string, database?: string): Promise<string> {
    const options = [`--defaults-file=${clientOptions(this.folder)}`, "--batch", "--skip-column-names"];
    const argv = [program("mysql", "mariadb"), ...options, ...(database === undefined ? [] : [database])];
    const { text } = await succeedInAccount("mysql", argv, { cwd: this.folder, stdin: sql });
    return text.trimEnd();
  }

  async createDatabase(name: string): Promise<void> {
    await this.query(`create database \`${name}\``);
  }

  /** Lets it finish; its data stays. */
  async stop(): Promise<void> {
    await this.#daemon?.stop("SIGTERM");
    this.#daemon = undefined;
  }

  /** Ends all of its processes with SIGKILL; {@link restart} finds what was written until then. */
  async kill(): Promise<void> {
    await this.#daemon?.kill();
    this.#daemon = undefined;
  }

  /** Stops it if it runs, starts it where it was, and resolves when it answers. */
  async restart(further: readonly string[] = []): Promise<void> {
    await this.stop();
    // What is left of a killed server would be asked whether it is ready.
    await rm(this.socket, { force: true });
    const daemon = new Daemon([...this.#argv(this.logFile), ...further], {
      engine: "mysql",
      folder: this.folder,
      log: this.logFile,
    });
    this.#daemon = daemon;
    await daemon.until("answers", () => greets(this.socket));
  }

  /** Runs it once with further options, without serving, to its end; what it then wrote to its log. */
  async once(further: readonly string[]): Promise<string> {
    const log = join(this.folder, "once.log");
    await rm(log, { force: true });
    await succeedInAccount("mysql", [...this.#argv(log), ...further], { cwd: this.folder });
    return readFileSync(log, "utf8");
  }

  /** Resolves when something holds of what a query answers. */
  async until(
    what: string,
    sql: string,
    holds: (answer: string) => boolean,
    seconds?: number,
  ): Promise<void> {
    const isSo = async () => holds(await this.query(sql).catch(() => ""));
    await this.#daemon?.until(what, isSo, seconds);
  }

  /** Ends it and removes everything of it. */
  async close(): Promise<void> {
    await this.kill();
    await this.#folder.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  #argv(log: string): readonly string[] {
    const settings = {
      datadir: this.#data,
      socket: this.socket,
      port: `${this.port}`,
      "bind-address": "127.0.0.1",
      "pid-file": join(this.folder, "pid"),
      "log-error": log,
      ...(this.#certificate !== undefined && {
        "ssl-cert": this.#certificate.cert,
        "ssl-key": this.#certificate.key,
      }),
      ...this.#settings,
    };
    const options = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    return [program("mysql", "mariadbd"), "--no-defaults", ...options];
  }
}
