import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";

/** Where a database is. */
export type Location = SqliteLocation | ServerLocation;

export interface SqliteLocation {
  readonly engine: "sqlite";
  readonly path: string;
}

export interface ServerLocation {
  /** `mysql` is MariaDB, too. */
  readonly engine: "postgres" | "mysql";
  /** In the order in which they are tried; not empty. */
  readonly hosts: readonly Host[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: Tls;
  /** The most connections that one server process opens. */
  readonly pool: number;
}

/** One server: by name or address, or by the socket that it listens on at this machine. */
export type Host = { readonly host: string; readonly port: number } | { readonly socket: string };

export type TlsMode = "disable" | "require" | "verify-full";

export interface Tls {
  /** `undefined`: `verify-full`, and `disable` for loopback addresses. */
  readonly mode: TlsMode | undefined;
  /** The certificates (PEM) of the authorities that are trusted, in place of the system's. */
  readonly ca: string | undefined;
  /** The client's own (PEM). */
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

const engines = { postgres: "postgres", postgresql: "postgres", mysql: "mysql", mariadb: "mysql" } as const;
const ports = { postgres: 5432, mysql: 3306 } as const;
const defaultPool = 10;

/** What may stand behind `?`. */
const parameters = new Set([
  "socket",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "password-file",
  "pool",
]);

/** The forms of a database's URL, for help and errors. */
export const urlForms =
  "sqlite:PATH, postgres://USER@HOST[,HOST…]/DATABASE or mysql://USER@HOST[,HOST…]/DATABASE";

/**
 * Reads a database's URL: `sqlite:PATH`, or
 * `postgres|mysql://[USER[:PASSWORD]@][HOST[:PORT][,HOST[:PORT]…]]/DATABASE[?NAME=VALUE&…]`.
 * @throws Problem `usage` with what is wrong with it, never with its password
 */
export function parseLocation(url: string): Location {
  const path = /^sqlite:(.+)$/s.exec(url)?.[1];
  if (path !== undefined) return { engine: "sqlite", path: resolve(path) };
  const parts =
    /^(?<scheme>[a-z]+):\/\/(?:(?<account>[^@/?#]*)@)?(?<hosts>[^@/?#]*)\/(?<database>[^/?#]+)(?:\?(?<query>[^#]*))?$/.exec(
      url,
    )?.groups;
  const scheme = parts?.["scheme"] ?? "";
  if (parts === undefined || !Object.hasOwn(engines, scheme)) {
    throw new Problem("usage", `the database's URL is none of the forms ${urlForms}`);
  }
  const engine = engines[scheme as keyof typeof engines];
  const query = readQuery(parts["query"] ?? "");
  const [user, ...password] = (parts["account"] ?? "").split(":");
  const file = query.get("password-file");
  return {
    engine,
    hosts: hostsOf(parts["hosts"] ?? "", query.get("socket"), ports[engine]),
    user: decoded(user) || undefined,
    password: file === undefined ? decoded(password.join(":")) || undefined : firstLine(file),
    database: decoded(parts["database"]),
    tls: {
      mode: tlsMode(query.get("sslmode")),
      ca: pem(query, "sslrootcert"),
      cert: pem(query, "sslcert"),
      key: pem(query, "sslkey"),
    },
    pool: poolSize(query.get("pool")),
  };
}

/** A place as it is shown, and given back to `--database` by whoever knows the password. */
export function shownLocation(location: Location): string {
  if (location.engine === "sqlite") return `sqlite:${location.path}`;
  const { engine, hosts, user, database } = location;
  const names = hosts.map((host) =>
    "socket" in host ? "" : `${host.host.includes(":") ? `[${host.host}]` : host.host}:${host.port}`,
  );
  const account = user === undefined ? "" : `${encodeURIComponent(user)}@`;
  const [first] = hosts;
  const socket = first !== undefined && "socket" in first ? `?socket=${first.socket}` : "";
  return asciiLine(`${engine}://${account}${names.join(",")}/${encodeURIComponent(database)}${socket}`);
}

function readQuery(text: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (!parameters.has(name)) {
      throw new Problem(
        "usage",
        `the database's URL has no parameter '${asciiLine(name)}'; those there are: ${[...parameters].join(", ")}`,
      );
    }
    query.set(name, value);
  }
  return query;
}

function hostsOf(text: string, socket: string | undefined, defaultPort: number): readonly Host[] {
  if (socket !== undefined) {
    if (text !== "")
      throw new Problem("usage", "the database's URL names hosts and a socket; name one of both");
    return [{ socket: resolve(socket) }];
  }
  const names = text === "" ? ["localhost"] : text.split(",");
  return names.map((name) => {
    const parts = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]+))(?::(?<port>[0-9]{1,5}))?$/.exec(
      name,
    )?.groups;
    const port = Number(parts?.["port"] ?? defaultPort);
    const host = parts?.["v6"] ?? decoded(parts?.["host"]);
    if (host === "" || port < 1 || port > 65_535) {
      throw new Problem(
        "usage",
        `the database's URL has no host '${asciiLine(name)}'; write HOST or HOST:PORT`,
      );
    }
    return { host, port };
  });
}

function tlsMode(text: string | undefined): TlsMode | undefined {
  if (text === undefined || text === "disable" || text === "require" || text === "verify-full") return text;
  throw new Problem(
    "usage",
    `the database's URL has sslmode=${asciiLine(text)}; it is disable, require (encrypted, to whoever answers) or verify-full`,
  );
}

function poolSize(text: string | undefined): number {
  if (text === undefined) return defaultPool;
  const size = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (size < 2)
    throw new Problem("usage", "the database's URL has a pool of connections that is no number from 2");
  return size;
}

function pem(query: ReadonlyMap<string, string>, name: string): string | undefined {
  const path = query.get(name);
  return path === undefined ? undefined : readText(path, name);
}

function firstLine(path: string): string {
  return readText(path, "password-file").split(/\r?\n/, 1)[0] ?? "";
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Problem(
      "usage",
      `the ${what} ${asciiLine(path)} of the database's URL cannot be read: ${(error as Error).message}`,
    );
  }
}

function decoded(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? "");
  } catch {
    throw new Problem(
      "usage",
      "the database's URL holds a % that is none of percent-encoding; write it as %25",
    );
  }
}
