// A real sshd on loopback, and throw-away users of the system who log in to it with a password.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFolder, createFolderForOthers } from "./folder.ts";
import { environment, start, succeed } from "./process.ts";

/** Why there can be no sshd with users of its own here; `null`: there can. */
export function whyNoSshd(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux, to make users";
  const missing = ["sshd", "ssh", "useradd", "chpasswd"].filter((name) => find(name) === null);
  return missing.length > 0 ? `needs ${missing.join(", ")}` : null;
}

const find = (name: string) => Bun.which(name, { PATH: `${environment()["PATH"]}:/usr/sbin:/sbin` });

const command = (name: string) => {
  const path = find(name);
  if (path === null) throw new Error(`There is no ${name} here.`);
  return path;
};

/** How a user may log in: as sshd calls it. */
export type Method = "password" | "keyboard-interactive" | "both";

export interface SshdOptions {
  readonly address?: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly users?: Readonly<Record<string, Method>>;
}

export class Sshd implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  /** The host's public key, as known_hosts has it behind the name. */
  readonly hostKey: string;
  readonly #child: ReturnType<typeof start>;
  #output = "";

  constructor(folder: string, port: number, hostKey: string, child: ReturnType<typeof start>) {
    this.folder = folder;
    this.port = port;
    this.hostKey = hostKey;
    this.#child = child;
  }

  /** Everything that it logged, with all that it tells about single connections. */
  get output(): string {
    return this.#output;
  }

  async listen(): Promise<void> {
    const listening = Promise.withResolvers<void>();
    const collect = async () => {
      const decoder = new TextDecoder();
      for await (const bytes of this.#child.stderr) {
        this.#output += decoder.decode(bytes, { stream: true });
        if (this.#output.includes("Server listening on")) listening.resolve();
      }
      listening.reject(new Error(`sshd ended before it listened: ${this.#output}`));
    };
    collect().catch(listening.reject);
    await listening.promise;
  }

  async dispose(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

export async function startSshd({
  address = "127.0.0.1",
  port,
  users = {},
}: SshdOptions = {}): Promise<Sshd> {
  const folder = await createFolder();
  // Where sshd shuts itself in before anybody has logged in.
  await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const key = join(folder, "host-key");
  await succeed(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
  const chosen = port ?? freePort();
  const yesNo = (method: Method, other: Method) => (method === other || method === "both" ? "yes" : "no");
  const lines = [
    `ListenAddress ${address}:${chosen}`,
    `HostKey ${key}`,
    "PidFile none",
    "UsePAM yes",
    "StrictModes no",
    "PrintMotd no",
    "LogLevel DEBUG1",
    ...Object.entries(users).flatMap(([user, method]) => [
      `Match User ${user}`,
      `  PasswordAuthentication ${yesNo(method, "password")}`,
      `  KbdInteractiveAuthentication ${yesNo(method, "keyboard-interactive")}`,
    ]),
  ];
  await writeFile(join(folder, "config"), `${lines.join("\n")}\n`);
  const child = start([command("sshd"), "-D", "-e", "-f", join(folder, "config")]);
  const hostKey = (await Bun.file(`${key}.pub`).text()).split(" ").slice(0, 2).join(" ");
  const sshd = new Sshd(folder, chosen, hostKey, child);
  await sshd.listen();
  return sshd;
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop();
  return port;
}

/** A user of the system with a password and an empty home. */
export class SystemUser implements AsyncDisposable {
  readonly name = `pst${randomBytes(4).toString("hex")}`;
  readonly home: string;

  constructor(home: string) {
    this.home = home;
  }

  async make(password: string): Promise<void> {
    await succeed([command("useradd"), "-M", "-N", "-d", this.home, "-s", "/bin/sh", this.name]);
    await succeed(["chown", this.name, this.home]);
    await succeed([command("chpasswd")], { stdin: `${this.name}:${password}\n` });
  }

  async dispose(): Promise<void> {
    // What a connection that was broken off has left.
    const { uid } = await stat(this.home);
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const owner = await stat(`/proc/${pid}`).catch(() => null);
      if (owner?.uid === uid) process.kill(Number(pid), "SIGKILL");
    }
    await succeed([command("userdel"), this.name]);
    await rm(this.home, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

export async function createSystemUser(password: string): Promise<SystemUser> {
  const user = new SystemUser(await createFolderForOthers());
  await user.make(password);
  return user;
}
