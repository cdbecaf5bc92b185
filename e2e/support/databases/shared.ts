// The one server of each engine that the tests of a run share: each has a database of its own on it.
import { MariaDbServer } from "./mariadb.ts";
import { PostgresCluster } from "./postgres.ts";
import { type Engine, variableOf, whyNoServer } from "./programs.ts";

/** Several files of tests at once, of which each starts several servers of stores, open more connections than one store. */
const connections = "500";

export interface SharedServer {
  /** As the user with all rights, over TCP. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one, for whoever is to share it. */
export async function startShared(engine: Engine): Promise<SharedServer> {
  if (engine === "postgres") {
    const cluster = await PostgresCluster.start({ settings: { max_connections: connections } });
    return { url: cluster.url("postgres"), close: () => cluster.close() };
  }
  const server = await MariaDbServer.start({ settings: { "max-connections": connections } });
  return { url: server.url("mysql"), close: () => server.close() };
}

const started = new Map<Engine, Promise<SharedServer>>();

/**
 * The URL of the shared server, as a user with all rights: of the one in the environment (`PSTORE_TEST_POSTGRES`,
 * `PSTORE_TEST_MYSQL`), else of one that we start now, and that ends with this process.
 *
 * @throws Error that says what to install, or what to give, when there can be none
 */
export async function sharedServer(engine: Engine): Promise<string> {
  const given = process.env[variableOf(engine)];
  if (given !== undefined && given !== "") return given;
  const own = started.get(engine) ?? startShared(engine);
  started.set(engine, own);
  return (await own).url;
}

/** Why tests of an engine cannot run here, as one sentence; `null`: they can. */
export function whyNoDatabase(engine: Engine): string | null {
  return process.env[variableOf(engine)] ? null : whyNoServer(engine);
}
