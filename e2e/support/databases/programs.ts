// Where Debian's packages put the programs of the databases, and what to do where they are not.
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { environment } from "../process.ts";

export type Engine = "postgres" | "mysql";

/** Engine → the programs that a server of our own needs, each with Debian's package that has it, and the way out. */
const needs = {
  postgres: {
    name: "PostgreSQL",
    programs: {
      setpriv: "util-linux",
      initdb: "postgresql",
      postgres: "postgresql",
      pg_basebackup: "postgresql",
      psql: "postgresql",
    },
    variable: "PSTORE_TEST_POSTGRES",
    example: "postgres://ADMIN:PASSWORD@HOST:PORT/postgres",
  },
  mysql: {
    name: "MariaDB",
    programs: {
      setpriv: "util-linux",
      mariadbd: "mariadb-server",
      "mariadb-install-db": "mariadb-server",
      mariadb: "mariadb-server",
      rsync: "rsync",
    },
    variable: "PSTORE_TEST_MYSQL",
    example: "mysql://ADMIN:PASSWORD@HOST:PORT/mysql",
  },
} as const;

/** The variable of the environment that holds the URL of a server that tests may make users and databases at. */
export const variableOf = (engine: Engine): string => needs[engine].variable;

/** PostgreSQL's programs lie in a folder of each version, off the search path; the newest comes first. */
function versionFolders(): readonly string[] {
  const parent = "/usr/lib/postgresql";
  try {
    const versions = readdirSync(parent).sort((one, other) => Number(other) - Number(one));
    return versions.map((version) => join(parent, version, "bin"));
  } catch {
    return [];
  }
}

function find(name: string): string | null {
  const folders = [
    ...versionFolders(),
    ...(environment()["PATH"] ?? "").split(delimiter),
    "/usr/sbin",
    "/sbin",
    "/usr/bin",
    "/bin",
  ];
  for (const folder of folders) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // It is in another one.
    }
  }
  return null;
}

/** Why no server of an engine can be started here, as one sentence; `null`: one can. */
export function whyNoServer(engine: Engine): string | null {
  const { name, programs, variable, example } = needs[engine];
  const missing = Object.entries(programs).filter(([file]) => find(file) === null);
  if (missing.length === 0) return null;
  const files = missing.map(([file]) => file).join(", ");
  const packages = [...new Set(missing.map(([, debian]) => debian))].join(" ");
  return `The tests on ${name} miss ${files} here: run apt-get install ${packages}, or give in ${variable} the URL of a server on which they may make users and databases (${example}).`;
}

/** The path of a program of an engine. */
export function program(engine: Engine, name: string): string {
  const path = find(name);
  if (path === null) throw new Error(whyNoServer(engine) ?? `There is no ${name} here.`);
  return path;
}
