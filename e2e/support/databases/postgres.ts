// A PostgreSQL of our own, as Debian's packages have it: all settings are the default ones, but for what makes it private.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { handOver, succeedInAccount } from "./account.ts";
import { Daemon } from "./daemon.ts";
import { DataFolder } from "./data-folder.ts";
import { freePort } from "./ports.ts";
import { program, whyNoServer } from "./programs.ts";
import { makeServerCertificate, type ServerCertificate } from "./server-certificate.ts";
import { databaseUrl, type UrlOptions } from "./url.ts";

export interface PostgresOptions {
  /** Settings, as `postgresql.conf` calls them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Takes connections with TLS, too. */
  readonly tls?: boolean;
}

/** Over TCP it wants a password, over its socket none. */
export class PostgresCluster implements AsyncDisposable {
  /** The superuser, with {@link password}. */
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
  static async start({ settings = {}, tls = false }: PostgresOptions = {}): Promise<PostgresCluster> {
    const make = async (cluster: PostgresCluster) => {
      const secret = join(cluster.folder, "password");
      await writeFile(secret, cluster.password, { mode: 0o600 });
      handOver("postgres", secret);
      const users = [
        "-U",
        cluster.user,
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        `--pwfile=${secret}`,
      ];
      const quickly = ["--no-sync", "--no-instructions"];
      await cluster.#run("initdb", [
        "-D",
        cluster.#data,
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        ...users,
        ...quickly,
      ]);
      if (tls) await cluster.#enableTls();
    };
    return PostgresCluster.#startWith(randomBytes(12).toString("hex"), settings, make);
  }

  /** Makes a copy of another that follows it, takes no writes until {@link promote}, and has its users. */
  static standbyOf(primary: PostgresCluster): Promise<PostgresCluster> {
    return PostgresCluster.#startWith(primary.password, {}, async (standby) => {
      const from = ["-h", primary.folder, "-p", `${primary.port}`, "-U", primary.user];
      const how = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"];
      await standby.#run("pg_basebackup", ["-D", standby.#data, ...from, ...how]);
      if (primary.#certificate !== undefined) await standby.#enableTls();
    });
  }

  static async #startWith(
    password: string,
    settings: Record<string, string>,
    make: (cluster: PostgresCluster) => Promise<void>,
  ): Promise<PostgresCluster> {
    const why = whyNoServer("postgres");
    if (why !== null) throw new Error(why);
    const port = await freePort();
    const cluster = new PostgresCluster(await DataFolder.create("postgres"), port, password, settings);
    try {
      await make(cluster);
      // Who names the folder alone looks for the usual port in it.
      await symlink(`.s.PGSQL.${port}`, join(cluster.folder, ".s.PGSQL.5432"));
      await cluster.restart();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Holds everything of it, its socket too. */
  get folder(): string {
    return this.#folder.path;
  }

  get logFile(): string {
    return join(this.folder, "server.log");
  }

  /** The certificate (PEM) that clients must trust for TLS. */
  get caFile(): string {
    if (this.#certificate === undefined) throw new Error("This cluster was started without TLS.");
    return this.#certificate.ca;
  }

  /** The URL of one of its databases, over TCP and as {@link user} unless something else is said. */
  url(
    database: string,
    { socket = false, user = this.user, password = this.password, parameters }: UrlOptions = {},
  ) {
    return databaseUrl({
      scheme: "postgres",
      user,
      password,
      ports: socket ? [] : [this.port],
      database,
      parameters: { ...(socket && { socket: this.folder }), ...parameters },
    });
  }

  /** What statements of SQL print: a line for each row, its columns between `|`. */
  async query(sql: string, database = "postgres"): Promise<string> {
    const where = ["-h", this.folder, "-p", `${this.port}`, "-U", this.user, "-d", database];
    const how = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"];
    const { text } = await this.#run("psql", [...where, ...how], sql);
    return text.trimEnd();
  }

  async createDatabase(name: string): Promise<void> {
    await this.query(`create database "${name}" template template0`);
  }

  /** Ends all connections and lets it finish; its data stays. */
  async stop(): Promise<void> {
    await this.#daemon?.stop("SIGINT");
    this.#daemon = undefined;
  }

  /** Ends all of its processes with SIGKILL; {@link restart} finds what was written until then. */
  async kill(): Promise<void> {
    if (this.#daemon === undefined) return;
    const segment = this.#segment();
    await this.#daemon.kill();
    this.#daemon = undefined;
    if (segment !== null) await succeedInAccount("postgres", ["ipcrm", "--shmem-id", segment]);
    // It names a process that another program's may be called by then, and PostgreSQL would not start.
    await rm(this.#pidFile, { force: true });
  }

  /** Stops it if it runs, starts it where it was, and resolves when it serves. */
  async restart(): Promise<void> {
    await this.stop();
    const { folder, port, logFile } = this;
    const settings = {
      port: `${port}`,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: folder,
      // In its folder, where what a killed one leaves of it goes, too.
      dynamic_shared_memory_type: "mmap",
      ...(this.#certificate !== undefined && {
        ssl: "on",
        ssl_cert_file: this.#certificate.cert,
        ssl_key_file: this.#certificate.key,
      }),
      ...this.#settings,
    };
    const argv = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const daemon = new Daemon([program("postgres", "postgres"), "-D", this.#data, ...argv], {
      engine: "postgres",
      folder,
      log: logFile,
      // Ends it at once as well, but it removes its shared memory.
      lastSignal: "QUIT",
    });
    this.#daemon = daemon;
    await daemon.until("takes connections", () => this.#isReady());
  }

  /** Makes a standby the primary; resolves when it takes writes. */
  async promote(): Promise<void> {
    await this.query("select pg_promote(true, 60)");
    await this.#daemon?.until(
      "takes writes",
      async () => (await this.query("select pg_is_in_recovery()")) === "f",
    );
  }

  /** Resolves when something holds of the first value that a query answers. */
  async until(what: string, sql: string, holds: (value: string) => boolean): Promise<void> {
    await this.#daemon?.until(what, async () => holds(await this.query(sql)));
  }

  /** Ends it and removes everything of it. */
  async close(): Promise<void> {
    await this.#daemon?.stop("SIGQUIT");
    this.#daemon = undefined;
    await this.#folder.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  get #pidFile(): string {
    return join(this.#data, "postmaster.pid");
  }

  /** Its file of the process id ends with what it is about, as `pg_ctl` reads it. */
  #isReady(): boolean {
    return existsSync(this.#pidFile) && /^ready\s*$/m.test(readFileSync(this.#pidFile, "utf8"));
  }

  /** The id of the segment of shared memory (System V) that a killed one leaves; `null`: it has none yet. */
  #segment(): string | null {
    if (!existsSync(this.#pidFile)) return null;
    const [, id] = /^ *\d+ +(\d+) *$/m.exec(readFileSync(this.#pidFile, "utf8")) ?? [];
    return id ?? null;
  }

  async #enableTls(): Promise<void> {
    this.#certificate = await makeServerCertificate("postgres", this.folder);
  }

  #run(name: string, args: readonly string[], stdin?: string) {
    const argv = [program("postgres", name), ...args];
    return succeedInAccount("postgres", argv, { cwd: this.folder, ...(stdin !== undefined && { stdin }) });
  }
}
