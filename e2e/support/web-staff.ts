// A server with staff of each role, who sign in to the web admin by password.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerOptions, startServer, type TestServer } from "./server.ts";
import { WebVisitor } from "./web-visitor.ts";

/** Of everybody here. */
export const staffPassword = "correct horse battery staple";

/** Who may be of the staff, with what `user add` is told. */
export const roles = {
  plain: ["--staff"],
  viewer: ["--staff", "--view-any"],
  root: ["--staff", "--superuser"],
} as const;

/** Starts a server with a user named as each role, beside the superuser `admin`. */
export async function startStaff(options: ServerOptions = {}): Promise<TestServer> {
  const server = await startServer(options);
  try {
    for (const [name, flags] of Object.entries(roles)) await server.addUser(name, undefined, { flags });
    for (const name of ["admin", ...Object.keys(roles)]) await givePassword(server, name);
  } catch (error) {
    await server.dispose();
    throw error;
  }
  return server;
}

export async function givePassword(server: TestServer, name: string): Promise<void> {
  const file = join(server.folder, "password");
  await writeFile(file, `${staffPassword}\n`, { mode: 0o600 });
  await succeeds(server, "user", "password", name, "--password-file", file);
}

/** Runs a command of the server that must succeed. */
export async function succeeds(server: TestServer, ...args: readonly string[]): Promise<string> {
  const { code, text, stderr } = await server.command(args);
  if (code !== 0) throw new Error(`pstore-server ${args.join(" ")} ended with ${code}: ${stderr}`);
  return text;
}

/** Somebody with a browser of their own; without a name, nobody is signed in. */
export async function visitorOf(server: Pick<TestServer, "url">, name?: string): Promise<WebVisitor> {
  const visitor = new WebVisitor(server);
  if (name !== undefined) await visitor.signIn(name, staffPassword);
  return visitor;
}
