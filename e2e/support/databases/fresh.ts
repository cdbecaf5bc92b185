// Databases for tests, each with a user who owns it and may do nothing else.

import { randomBytes } from "node:crypto";
import { SQL } from "bun";
import type { Engine } from "./programs.ts";
import { sharedServer } from "./shared.ts";

export interface FreshDatabase {
  readonly name: string;
  /** As its owner, over TCP. */
  readonly url: string;
  /** Ends what is connected to it, and removes it and its owner. */
  drop(): Promise<void>;
}

/** Engine → the statements that make and remove a database `name` of a user of the same name. */
const statements = {
  postgres: {
    make: (name: string, password: string) => [
      `create role ${name} login password '${password}'`,
      `create database ${name} owner ${name} template template0`,
    ],
    drop: (name: string) => [`drop database if exists ${name} with (force)`, `drop role if exists ${name}`],
  },
  mysql: {
    make: (name: string, password: string) => [
      `create database ${name}`,
      `create user ${name}@'%' identified by '${password}'`,
      `grant all on ${name}.* to ${name}@'%'`,
    ],
    drop: (name: string) => [`drop database if exists ${name}`, `drop user if exists ${name}@'%'`],
  },
} as const;

/** Makes an empty database at the server that all tests of a run share. */
export async function freshDatabase(engine: Engine): Promise<FreshDatabase> {
  const server = await sharedServer(engine);
  const name = `t${randomBytes(6).toString("hex")}`;
  const password = randomBytes(12).toString("hex");
  await execute(server, statements[engine].make(name, password));
  const url = new URL(server);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => execute(server, statements[engine].drop(name)) };
}

/** Runs statements one after the other, as a user with all rights. */
async function execute(url: string, list: readonly string[]): Promise<void> {
  // Without what only our own server understands of a URL.
  await using sql = new SQL(url.replace(/\?.*/, ""), { max: 1 });
  for (const statement of list) await sql.unsafe(statement);
}
