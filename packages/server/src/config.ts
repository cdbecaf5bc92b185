import { homedir } from "node:os";
import { join } from "node:path";
import { Problem } from "@pstore/core/problem";
import { type Location, parseLocation } from "./database/location.ts";

/** The environment, read where the program starts and nowhere else. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Options {
  readonly database?: string | undefined;
}

/**
 * Where the database is: `--database`, else `PSTORE_DATABASE`, else `/var/lib/pstore/store.db` for root and
 * `$XDG_DATA_HOME/pstore-server/store.db` for others.
 * @throws Problem `usage` when the URL is none
 */
export function databaseLocation(options: Options, env: Environment): Location {
  const url = options.database ?? nonEmpty(env["PSTORE_DATABASE"]);
  return url === undefined ? { engine: "sqlite", path: defaultPath(env) } : parseLocation(url);
}

function defaultPath(env: Environment): string {
  if (process.getuid?.() === 0) return "/var/lib/pstore/store.db";
  const home = nonEmpty(env["HOME"]) ?? homedir();
  return join(nonEmpty(env["XDG_DATA_HOME"]) ?? join(home, ".local/share"), "pstore-server", "store.db");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}

/** @throws Problem `usage` */
export function wholeNumber(
  what: string,
  text: string | undefined,
  otherwise: number,
  { least, most }: { least: number; most: number },
): number {
  if (text === undefined) return otherwise;
  const value = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Problem("usage", `the ${what} '${text}' is no whole number from ${least} to ${most}`);
}
