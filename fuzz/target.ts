// The server that is fuzzed: the executable, as users get it, on a store of its own.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildExecutables, pstoreServer } from "@pstore/e2e/support/executables";
import { createFolder } from "@pstore/e2e/support/folder";
import { type Environment, run, start, succeed } from "@pstore/e2e/support/process";
import { bytes, folder as seedFolder } from "./seeds/files.ts";

const serveOptions = [
  ...["--listen", "127.0.0.1:0"],
  // So that inputs come from many addresses.
  ...["--trusted-proxy", "127.0.0.1"],
  // A day: the longest that a session lasts.
  ...["--session-time", "86400"],
  // Small, so that what is too large is cheap.
  ...["--max-upload-size", "3145728"],
  ...["--max-open-uploads", "100000"],
  // Else hardly an input would come farther than to a limit.
  ...["--max-address-requests", "0", "--max-user-requests", "0", "--max-refusals", "0"],
];

/** Whoever has a key here signs with it; nobody else is told apart from them in the store. */
const people = [
  { name: "ann", flags: [], key: "ann.ssh-public", keyFlags: [] },
  { name: "joe", flags: [], key: "joe.openpgp-public", keyFlags: [] },
  { name: "host", flags: [], key: "host.ssh-public", keyFlags: ["--write-only"] },
  { name: "root", flags: ["--staff", "--superuser"], key: "root.ssh-public", keyFlags: [] },
  { name: "prey", flags: ["--staff"], key: "rsa.ssh-public", keyFlags: [] },
  { name: "prey2", flags: ["--full-name", "P <b>R</b> & Y"], key: null, keyFlags: [] },
] as const;

export class Target implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: Environment;
  readonly #child: ReturnType<typeof start>;
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  #output = "";

  private constructor(folder: string, env: Environment, child: ReturnType<typeof start>, url: string) {
    this.#folder = folder;
    this.#env = env;
    this.#child = child;
    this.url = url;
  }

  /** @param database the URL of an empty database; `null`: a new one of SQLite */
  static async start(database: string | null): Promise<Target> {
    await buildExecutables();
    const folder = await createFolder();
    try {
      const url = database ?? `sqlite:${join(folder, "store.db")}`;
      // A URL may hold a password, which others would see among the arguments.
      const env = { HOME: folder, PSTORE_DATABASE: url };
      const server = (...args: readonly string[]) => succeed([pstoreServer, ...args], { env });
      const file = join(folder, "password");
      await writeFile(file, "correct horse battery staple\n", { mode: 0o600 });
      await server("init", "--admin", "admin", "--password-file", file);
      for (const { name, flags, key, keyFlags } of people) {
        await server("user", "add", name, ...flags);
        if (key !== null) await server("key", "add", name, join(seedFolder, key), ...keyFlags);
      }
      const child = start([pstoreServer, "serve", ...serveOptions], { env, cwd: folder });
      // Whoever stops the fuzzing stops the server with it.
      process.on("exit", () => {
        child.kill("SIGKILL");
        rmSync(folder, { recursive: true, force: true });
      });
      const lines = child.stdout.getReader();
      const { value } = await lines.read();
      const line = Buffer.from(value ?? []).toString();
      const shown = /listening on (\S+)\n/.exec(line)?.[1];
      const target = new Target(folder, env, child, shown ?? "");
      void target.#collect(child.stderr);
      if (shown === undefined)
        throw new Error(`The server did not start: ${line}${await child.stderr.text()}`);
      return target;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All that the server wrote to its log. */
  get output(): string {
    return this.#output;
  }

  /** What it complained of. */
  get complaints(): string {
    const isUsual = (line: string) => line === "" || line.includes("the audit log is sealed up to");
    return this.#output
      .split("\n")
      .filter((line) => !isUsual(line))
      .join("\n");
  }

  /** The memory that it holds, in bytes (proc(5): `VmRSS`). */
  get resident(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** How many files and connections it has open. */
  get openFiles(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** What the consistency check of the store finds; nothing, when all is as it should be. */
  async faults(): Promise<string> {
    const check = [pstoreServer, "check", "--json"];
    const { text, stderr } = await run(check, { env: this.#env, timeout: 600_000 });
    if (!text.startsWith("{")) return `it cannot be checked: ${text}${stderr}`;
    const { faults } = JSON.parse(text) as { faults: { kind: string; where: string; fault: string }[] };
    return (
      faults
        // A writer may leave an object without one, with a commit that is right in every other way.
        .filter(({ fault }) => !fault.startsWith("nobody can write it"))
        .map(({ kind, where, fault }) => `${kind}: ${where}: ${fault}`)
        .join("\n")
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      // The first complaints say what the matter is.
      if (this.#output.length < 100_000) this.#output += decoder.decode(chunk, { stream: true });
    }
  }
}

/** The private half of a person's key. */
export function privateKeyOf(name: "ann" | "host" | "root"): string {
  return Buffer.from(bytes(`${name}.ssh-private`)).toString();
}
