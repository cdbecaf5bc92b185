// Where Debian's packages put the programs of the databases, and what to do where they are not.
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { environment } from "../process.ts";

export type Engine = "postgres" | "mysql";

/** Engine → the programs that a server of our own needs, the packages that have them, and the way out. */
const needs = {
  postgres: {
    programs: ["setpriv", "initdb", "postgres", "pg_basebackup", "psql"],
    packages: "util-linux postgresql",
    variable: "PSTORE_TEST_POSTGRES",
    example: "postgres://ADMIN:PASSWORD@HOST:PORT/postgres",
  },
  mysql: {
    programs: ["setpriv", "mariadb-install-db", "mariadbd", "mariadb", "rsync"],
    packages: "util-linux mariadb-server galera-4 rsync",
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
  const { programs, packages, variable, example } = needs[engine];
  const missing = programs.filter((name) => find(name) === null);
  if (missing.length === 0) return null;
  return `There is no ${missing.join(", ")} here for the tests: install Debian's packages ${packages}, or give in ${variable} the URL of a server on which they may make users and databases (${example}).`;
}

/** The path of a program of an engine. */
export function program(engine: Engine, name: string): string {
  const path = find(name);
  if (path === null) throw new Error(whyNoServer(engine) ?? `There is no ${name} here.`);
  return path;
}
