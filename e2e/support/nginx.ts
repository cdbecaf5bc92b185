// Debian's nginx, configured by the very file that the documentation hands out, in a folder of its own.
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFolderForOthers } from "./folder.ts";
import { start } from "./process.ts";

const documented = join(import.meta.dir, "../../contrib/nginx/pstore.conf");

export interface NginxOptions {
  /** `HOST:PORT` of the server behind it. */
  readonly server: string;
  /** The name that it serves. Default: `localhost`. */
  readonly name?: string;
  /** The certificate for that name, and its key: PEM files. */
  readonly certificate: string;
  readonly key: string;
}

export class TestNginx implements AsyncDisposable {
  /** A temporary folder that goes with it: its configuration, logs and temporary files. */
  readonly folder: string;
  /** For example `https://localhost:40123`. */
  readonly url: string;
  /** The port of `http://`. */
  readonly plainPort: number;
  #child: ReturnType<typeof start> | undefined;
  #errors = "";
  #reading: Promise<void> = Promise.resolve();

  constructor(folder: string, url: string, plainPort: number) {
    this.folder = folder;
    this.url = url;
    this.plainPort = plainPort;
  }

  /** All that it has said, from its notices to its errors. */
  get errors(): string {
    return this.#errors;
  }

  /** What it has logged of the requests it answered. */
  async requests(): Promise<string> {
    return readFile(join(this.folder, "pstore.log"), "utf8");
  }

  /** Starts it and resolves when it listens. */
  async start(): Promise<void> {
    const child = start(["nginx", "-p", this.folder, "-c", join(this.folder, "nginx.conf")], {
      env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
    this.#child = child;
    const listening = Promise.withResolvers<void>();
    this.#reading = (async () => {
      const decoder = new TextDecoder();
      for await (const bytes of child.stderr) {
        this.#errors += decoder.decode(bytes, { stream: true });
        // Its workers are started when all ports are had.
        if (/\[notice\].*start worker process /.test(this.#errors)) listening.resolve();
      }
      listening.reject(new Error(`nginx ended before it listened: ${this.#errors}`));
    })();
    await listening.promise;
  }

  /** Ends it, when its requests are answered, and reads what it still says. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGQUIT");
    await this.#child?.exited;
    await this.#reading;
    this.#child = undefined;
  }

  async dispose(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#child?.exited;
    await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** A port that nobody listens on now. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Configures and starts it. Ports are named before the server behind it runs, which must know its own public URL. */
export async function startNginx(options: NginxOptions, ports = nginxPorts()): Promise<TestNginx> {
  const { name = "localhost" } = options;
  const folder = await createFolderForOthers();
  const nginx = new TestNginx(folder, `https://${name}:${ports.tls}`, ports.plain);
  try {
    // Root's workers run as somebody else.
    await chmod(folder, 0o755);
    for (const one of ["body", "proxy", "fastcgi", "uwsgi", "scgi"]) await mkdir(join(folder, one));
    await writeFile(join(folder, "pstore.conf"), await configuration(folder, options, ports));
    await writeFile(join(folder, "nginx.conf"), surroundings(folder));
    await nginx.start();
  } catch (error) {
    await nginx.dispose();
    throw error;
  }
  return nginx;
}

/** Free ports for {@link startNginx}. */
export function nginxPorts(): { readonly tls: number; readonly plain: number } {
  return { tls: freePort(), plain: freePort() };
}

/** The documented file, with other names, ports and paths, and nothing else changed. */
async function configuration(
  folder: string,
  { server, name = "localhost", certificate, key }: NginxOptions,
  ports: { readonly tls: number; readonly plain: number },
): Promise<string> {
  const live = "/etc/letsencrypt/live/store.example.com";
  const changes: readonly (readonly [documented: string, here: string])[] = [
    [`${live}/fullchain.pem`, certificate],
    [`${live}/privkey.pem`, key],
    ["server_name store.example.com;", `server_name ${name};`],
    ["    listen [::]:80;\n", ""],
    ["    listen [::]:443 ssl;\n", ""],
    ["listen 80;", `listen 127.0.0.1:${ports.plain};`],
    ["listen 443 ssl;", `listen 127.0.0.1:${ports.tls} ssl;`],
    ["    server 127.0.0.1:8000;", `    server ${server};`],
    ["/var/log/nginx/", `${folder}/`],
    ["/var/www/html", folder],
  ];
  let text = await readFile(documented, "utf8");
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${documented} has no '${from}'`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** What Debian's own nginx.conf says beside it, and where this one keeps its things. */
function surroundings(folder: string): string {
  return [
    ...(process.getuid?.() === 0 ? ["user nobody nogroup;"] : []),
    "daemon off;",
    "worker_processes 1;",
    `pid ${folder}/nginx.pid;`,
    "error_log stderr notice;",
    "events { worker_connections 256; }",
    "http {",
    "  default_type application/octet-stream;",
    "  sendfile on;",
    "  gzip on;",
    "  access_log off;",
    ...["body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (one) => `  ${one === "body" ? "client_body" : one}_temp_path ${folder}/${one};`,
    ),
    `  include ${folder}/pstore.conf;`,
    "}",
    "",
  ].join("\n");
}
