// Two server processes of one store, as the executable has them.
import { rm } from "node:fs/promises";
import { freePort } from "@pstore/e2e/support/databases/ports";
import { buildExecutables, pstoreServer } from "@pstore/e2e/support/executables";
import { createFolder } from "@pstore/e2e/support/folder";
import { start } from "@pstore/e2e/support/process";

/** Nobody is to be stopped by a limit, and everything comes from one address. */
const serveOptions = [
  ...["--max-address-requests", "0", "--max-user-requests", "0", "--max-refusals", "0"],
  ...["--session-time", "86400", "--log-format", "none"],
];

export interface Servers extends AsyncDisposable {
  readonly urls: readonly string[];
}

export function startServers(database: string, count: number): Promise<Servers> {
  return startProcesses(count, (ports, port) => {
    const argv = [pstoreServer, "serve", "--listen", `127.0.0.1:${port}`, ...serveOptions];
    for (const one of ports) argv.push("--public-url", `http://127.0.0.1:${one}`);
    // A URL may hold a password, which others would see among the arguments.
    return { argv, env: { PSTORE_DATABASE: database } };
  });
}

/** The same with a program of the benchmark's own, see bare-server.ts. */
export function startBareServers(database: string, count: number): Promise<Servers> {
  const program = new URL("bare-server.ts", import.meta.url).pathname;
  return startProcesses(count, (_, port) => ({
    argv: [process.execPath, program, String(port)],
    env: { PSTORE_DATABASE: database },
  }));
}

type Program = (
  ports: readonly number[],
  port: number,
) => { readonly argv: readonly string[]; readonly env: Record<string, string> };

async function startProcesses(count: number, program: Program): Promise<Servers> {
  await buildExecutables();
  await using stack = new AsyncDisposableStack();
  const home = await createFolder();
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  for (const port of ports) {
    const { argv, env } = program(ports, port);
    const child = start(argv, { env: { ...env, HOME: home }, cwd: home });
    stack.defer(async () => {
      child.kill();
      await child.exited;
    });
    await listening(child);
  }
  const whole = stack.move();
  return {
    urls: ports.map((port) => `http://127.0.0.1:${port}`),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function listening(child: ReturnType<typeof start>): Promise<void> {
  const told = child.stderr.text();
  const decoder = new TextDecoder();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const collect = async () => {
    let output = "";
    for await (const bytes of child.stdout) {
      output += decoder.decode(bytes, { stream: true });
      if (output.includes("listening on")) resolve();
    }
    reject(new Error(`A server ended: ${output}${await told}`));
  };
  collect().catch(reject);
  await promise;
}
