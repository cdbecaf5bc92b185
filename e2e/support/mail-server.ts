// A real mail server on the loopback address, which keeps what it takes in a Maildir.
import { watch } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "./folder.ts";
import { start } from "./process.ts";

const program = join(import.meta.dir, "mail_server.py");

export interface MailServerOptions {
  /** `starttls` is then required. Default: none. */
  readonly tls?: "starttls" | "tls";
  /** The files of the certificate and its key, for TLS. */
  readonly certificate?: string;
  readonly key?: string;
  /** Who must sign in, with the password in the first line of a file. */
  readonly user?: string;
  readonly passwordFile?: string;
}

/** A mail as it came. */
export interface ReceivedMail {
  /** The address of the envelope. */
  readonly to: string;
  readonly id: string;
  readonly subject: string;
  readonly headers: string;
  readonly body: string;
}

export class MailServer implements AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  readonly #options: MailServerOptions;
  #child: ReturnType<typeof start> | undefined;

  private constructor(folder: string, port: number, options: MailServerOptions) {
    this.folder = folder;
    this.port = port;
    this.#options = options;
  }

  /** One that does not run yet: its port is known, and nobody listens there. */
  static async prepare(options: MailServerOptions = {}): Promise<MailServer> {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = listener;
    listener.stop(true);
    const folder = await createFolder();
    for (const part of ["new", "cur", "tmp"]) await mkdir(join(folder, "mails", part), { recursive: true });
    return new MailServer(folder, port, options);
  }

  async start(): Promise<void> {
    const options = JSON.stringify({ port: this.port, ...this.#options });
    const child = start(["/usr/bin/python3", program, join(this.folder, "mails"), options]);
    this.#child = child;
    const [first, errors] = [child.stdout.getReader(), child.stderr.text()];
    const { value } = await first.read();
    if (!new TextDecoder().decode(value).startsWith("ready")) throw new Error(await errors);
  }

  async stop(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** All mails that have come, once there are at least so many, by recipient and subject. */
  async received(least: number): Promise<ReceivedMail[]> {
    const folder = join(this.folder, "mails", "new");
    const enough = Promise.withResolvers<void>();
    const look = async () => {
      if ((await readdir(folder)).length >= least) enough.resolve();
    };
    const watcher = watch(folder, look);
    await look();
    await enough.promise;
    watcher.close();
    const names = await readdir(folder);
    const mails = await Promise.all(names.map(async (name) => readMail(await readFile(join(folder, name)))));
    const orderOf = ({ to, subject }: ReceivedMail) => `${to} ${subject}`;
    return mails.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function readMail(bytes: Buffer): ReceivedMail {
  const text = bytes.toString("utf8").replaceAll("\r\n", "\n");
  const end = text.indexOf("\n\n");
  // A folded header is one line (RFC 5322, section 2.2.3).
  const headers = text.slice(0, end).replace(/\n[ \t]+/g, " ");
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(headers)?.[1] ?? "";
  const quoted = text.slice(end + 2).replace(/=\n/g, "");
  const body = Buffer.from(
    quoted.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString("utf8");
  return { to: header("X-RcptTo"), id: header("Message-ID"), subject: header("Subject"), headers, body };
}
