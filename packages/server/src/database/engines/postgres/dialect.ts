import {
  CompiledQuery,
  type DatabaseConnection,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from "kysely";
import pg from "pg";
import type { Fault } from "../../fault.ts";
import { faultOf } from "../../faults.ts";
import type { ServerLocation } from "../../location.ts";
import { FailoverPool, type HostPool } from "../failover.ts";
import { tlsOptions } from "../tls.ts";

/** How long a connection may take to come about, in milliseconds. */
const connectTime = 5000;
/** PostgreSQL's OIDs of what comes as text, so that no digit is lost: bigint and numeric. */
const numbers = new Set([20, 1700]);

/** Numbers as numbers: those that the store counts are far below 2^53. */
const types = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    return numbers.has(oid) ? Number : pg.types.getTypeParser(oid, format as "text");
  },
};

/** The connections to a PostgreSQL of one or several hosts: to the one that takes writes. */
export function postgresDialect(location: ServerLocation): PostgresDialect {
  const pool = new FailoverPool(location.hosts.map((host) => hostPool(location, host)));
  return new StorePostgresDialect({
    pool: {
      connect: () => pool.acquire(),
      end: () => pool.end(),
      options: {},
    } as unknown as NonNullable<Exclude<PostgresDialectConfig["pool"], (...args: never) => unknown>>,
  });
}

function hostPool(location: ServerLocation, host: ServerLocation["hosts"][number]): HostPool<pg.PoolClient> {
  const pool = new pg.Pool({
    ...("socket" in host ? { host: host.socket } : { host: host.host, port: host.port }),
    user: location.user,
    password: location.password,
    database: location.database,
    ssl: "socket" in host ? false : (tlsOptions(location.tls, host.host) ?? false),
    max: location.pool,
    connectionTimeoutMillis: connectTime,
    keepAlive: true,
    application_name: "pstore-server",
    types,
    onConnect: makeReady,
  } as pg.PoolConfig);
  // A connection that breaks while nobody uses it is the pool's to drop.
  pool.on("error", () => {});
  return {
    async acquire() {
      const client = await pool.connect().catch((error) => {
        throw withCode(error);
      });
      withCodes(client);
      const release = client.release;
      client.release = () => release(broken.has(client));
      return client;
    },
    end: () => pool.end(),
  };
}

/** @throws an error of PostgreSQL's own code when the server is a standby */
async function makeReady(client: pg.ClientBase): Promise<void> {
  // One that breaks while it is in use says so to whoever uses it, and by an event, which ends the process unless heard.
  client.on("error", () => {});
  const { rows } = await client.query(
    "select set_config('lock_timeout', '10s', false), set_config('idle_in_transaction_session_timeout', '60s', false), pg_is_in_recovery() as standby",
  );
  if (rows[0]?.standby === true) {
    throw Object.assign(new Error("the server is a standby, which takes no writes"), { code: "25006" });
  }
}

const coded = new WeakSet<object>();
/** After these, a server is none that takes writes. */
const mustEnd: ReadonlySet<Fault | null> = new Set<Fault | null>(["lost", "read-only"]);
/** Those whose server ends them, or takes no writes: they are not given to the next, who might come before they end. */
const broken = new WeakSet<object>();

/** Lets all errors of a client have a code. */
function withCodes(client: pg.PoolClient): void {
  if (coded.has(client)) return;
  coded.add(client);
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
  const own = async (...args: unknown[]) => {
    try {
      return await query(...args);
    } catch (error) {
      const known = withCode(error);
      if (mustEnd.has(faultOf(known))) broken.add(client);
      throw known;
    }
  };
  Object.assign(client, { query: own });
}

/** What `pg` says without a code: of a password that is missing, and of a connection that breaks or does not come about in time. */
const codeless: readonly (readonly [message: RegExp, code: string | undefined])[] = [
  [/client password must be/, "28P01"],
  // It is there, and is not to be waited for.
  [/does not support SSL/, undefined],
  // All connections of the pool are in use.
  [/^timeout exceeded when trying to connect$/, "POOL_TIMEOUT"],
  [/connect|terminated|queryable|timeout/i, "08006"],
];

function withCode(error: unknown): unknown {
  if (!(error instanceof Error) || ("code" in error && error.code !== undefined)) return error;
  const code = codeless.find(([message]) => message.test(error.message))?.[1];
  return code === undefined ? error : Object.assign(error, { code });
}

class StorePostgresDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): PostgresDriver {
    return new StorePostgresDriver(this.#config);
  }
}

class StorePostgresDriver extends PostgresDriver {
  /**
   * Each sees the store as it was at its beginning, and of two that write the same row one is refused. What transactions
   * must not do at the same time, they thus write in one row (`serializable` would find out by itself, but took rows for
   * others in a small store: 20 clients, each with an object of its own, had four of five commits refused).
   */
  override async beginTransaction(
    connection: DatabaseConnection,
    { accessMode }: TransactionSettings,
  ): Promise<void> {
    const how = accessMode === "read only" ? "repeatable read, read only" : "repeatable read";
    await connection.executeQuery(CompiledQuery.raw(`begin isolation level ${how}`));
  }

  /** What broke the connection is what counts, and not that it cannot be rolled back over it. */
  override async rollbackTransaction(connection: never): Promise<void> {
    await super.rollbackTransaction(connection).catch(() => {});
  }
}
