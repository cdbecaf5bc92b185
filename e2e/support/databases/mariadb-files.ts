// What a MariaDB of our own has in its folder before it runs.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { handOver, succeedInAccount } from "./account.ts";
import { program } from "./programs.ts";

/** The options of a client that is the user with all rights. */
export const clientOptions = (folder: string): string => join(folder, "client.cnf");

export interface Client {
  readonly user: string;
  readonly password: string;
  readonly socket: string;
}

/** In a file, since arguments and the environment can be read by others. */
export function writeClientOptions(folder: string, { user, password, socket }: Client): Promise<void> {
  const lines = ["[client]", `user=${user}`, `password=${password}`, `socket=${socket}`, "connect-timeout=5"];
  return write(clientOptions(folder), lines);
}

/** Makes the system's tables, with the user `admin` and no other. */
export async function installData(folder: string, data: string, password: string): Promise<void> {
  const statements = join(folder, "users.sql");
  await write(statements, [
    "flush privileges;",
    `create user admin@'%' identified by '${password}';`,
    "grant all on *.* to admin@'%' with grant option;",
    "delete from mysql.global_priv where user = 'root';",
  ]);
  const users = ["--auth-root-authentication-method=normal", "--skip-test-db", `--extra-file=${statements}`];
  const how = ["--no-defaults", `--datadir=${data}`, "--skip-name-resolve", ...users];
  await succeedInAccount("mysql", [program("mysql", "mariadb-install-db"), ...how], { cwd: folder });
}

/** Makes the folder of a server that gets its data from others. */
export async function makeEmpty(data: string): Promise<void> {
  await mkdir(data, { mode: 0o700 });
  handOver("mysql", data);
}

async function write(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, `${lines.join("\n")}\n`, { mode: 0o600 });
  handOver("mysql", path);
}
