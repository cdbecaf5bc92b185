// As whom a database's programs run: PostgreSQL refuses to run as root, and no other server needs to.
import { chownSync, readFileSync } from "node:fs";
import { environment, type RunOptions, succeed } from "../process.ts";
import type { Engine } from "./programs.ts";

/** The users that Debian's packages make. */
const accounts = { postgres: "postgres", mysql: "mysql" } as const;

const isRoot = () => process.getuid?.() === 0;

/** What stands in front of a program's arguments to run it in the account of its engine: as root, that one's; else our own. */
export function inAccount(engine: Engine): readonly string[] {
  const name = accounts[engine];
  return isRoot() ? ["setpriv", "--reuid", name, "--regid", name, "--init-groups"] : [];
}

/** Gives files that we made to the account. */
export function handOver(engine: Engine, ...paths: readonly string[]): void {
  if (!isRoot()) return;
  const line = readFileSync("/etc/passwd", "utf8").match(new RegExp(`^${accounts[engine]}:.*`, "m"))?.[0];
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined)
    throw new Error(`There is no user ${accounts[engine]} here, whom Debian's package makes.`);
  for (const path of paths) chownSync(path, Number(uid), Number(gid));
}

/** The environment of the databases' programs, which look for others of the system. */
export const programEnvironment = () => {
  const env = environment();
  return { ...env, PATH: `${env["PATH"]}:/usr/sbin:/sbin`, LC_ALL: "C.UTF-8" };
};

/** Runs a program in the account of its engine, to its end. */
export function succeedInAccount(engine: Engine, argv: readonly string[], options: RunOptions = {}) {
  return succeed([...inAccount(engine), ...argv], { ...options, env: programEnvironment() });
}
