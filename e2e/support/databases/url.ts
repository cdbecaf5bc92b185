// The URLs of databases, as `pstore-server` takes them.

export interface UrlOptions {
  /** Over the socket in place of TCP at 127.0.0.1. */
  readonly socket?: boolean;
  readonly user?: string;
  readonly password?: string;
  /** What stands behind `?`, for example `sslmode`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface UrlParts {
  readonly scheme: "postgres" | "mysql";
  readonly user: string;
  readonly password: string;
  /** Ports at 127.0.0.1, in the order in which they are tried; none: the socket of the parameters. */
  readonly ports: readonly number[];
  readonly database: string;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

export function databaseUrl({ scheme, user, password, ports, database, parameters = {} }: UrlParts): string {
  const account = [user, password].map(encodeURIComponent).join(":");
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(",");
  const query = new URLSearchParams(parameters).toString();
  return `${scheme}://${account}@${hosts}/${encodeURIComponent(database)}${query === "" ? "" : `?${query}`}`;
}
