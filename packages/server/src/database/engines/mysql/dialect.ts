import {
  CompiledQuery,
  type DatabaseConnection,
  type MigrationLockOptions,
  MysqlAdapter,
  MysqlDialect,
  type MysqlDialectConfig,
  MysqlDriver,
  type MysqlPoolConnection,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import mysql from "mysql2";
import type { Fault } from "../../fault.ts";
import { faultOf } from "../../faults.ts";
import type { ServerLocation } from "../../location.ts";
import { FailoverPool, type HostPool } from "../failover.ts";
import { tlsOptions } from "../tls.ts";
import { MigrationLock, type Run } from "./migration-lock.ts";

/** How long a connection may take to come about, in milliseconds. */
const connectTime = 5000;

/** What every connection is told first, as the server's own settings may be any. */
const session = [
  // What does not fit is refused and not cut, and a backslash in a text means one thing, on which its quoting relies.
  "sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  "innodb_lock_wait_timeout = 10",
  // For a whole table, as while a tool copies it; without this, for a day.
  "lock_wait_timeout = 10",
];

/** The connections to a MariaDB or MySQL of one or several hosts: to the first that takes writes. */
export function mysqlDialect(location: ServerLocation): MysqlDialect {
  const pool = new FailoverPool(location.hosts.map((host) => hostPool(location, host)));
  return new StoreMysqlDialect({
    pool: {
      getConnection(callback) {
        pool.acquire().then(
          (connection) => callback(null, connection),
          (error) => callback(error, undefined as never),
        );
      },
      end(callback) {
        pool.end().then(() => callback(undefined), callback);
      },
    },
  });
}

function hostPool(
  location: ServerLocation,
  host: ServerLocation["hosts"][number],
): HostPool<MysqlPoolConnection> {
  const tls = "socket" in host ? null : tlsOptions(location.tls, host.host);
  const pool = mysql.createPool({
    ...("socket" in host ? { socketPath: host.socket } : { host: host.host, port: host.port }),
    ...(location.user === undefined ? {} : { user: location.user }),
    ...(location.password === undefined ? {} : { password: location.password }),
    database: location.database,
    ...(tls === null ? {} : { ssl: { ...tls, verifyIdentity: tls.rejectUnauthorized } }),
    connectionLimit: location.pool,
    connectTimeout: connectTime,
    charset: "UTF8MB4_BIN",
    supportBigNumbers: true,
    decimalNumbers: true,
  });
  let ready = new WeakMap<object, MysqlPoolConnection>();
  /** Where one connection is to a server that takes no writes any more, the others are looked at again before they are used. */
  const distrust = () => {
    ready = new WeakMap();
  };
  return {
    async acquire() {
      const connection = await new Promise<mysql.PoolConnection>((resolve, reject) =>
        pool.getConnection((error, one) => (error ? reject(error) : resolve(one))),
      );
      let known = ready.get(connection);
      if (known === undefined) {
        try {
          await makeReady(connection);
        } catch (error) {
          connection.destroy();
          throw error;
        }
        known = plain(connection, distrust);
        ready.set(connection, known);
      }
      return known;
    },
    end: () =>
      new Promise<void>((resolve, reject) => pool.end((error) => (error ? reject(error) : resolve()))),
  };
}

/** @throws an error of MySQL's own code when the server takes no writes */
async function makeReady(connection: mysql.PoolConnection): Promise<void> {
  const ask = async (text: string) => (await connection.promise().query<mysql.RowDataPacket[]>(text))[0][0];
  const settingOf = async (what: "variables" | "status", name: string) =>
    (await ask(`show global ${what} like '${name}'`))?.["Value"];
  // A node that is cut off from the majority of its cluster answers this, and hardly anything else.
  if (
    (await settingOf("variables", "wsrep_on")) === "ON" &&
    (await settingOf("status", "wsrep_ready")) !== "ON"
  ) {
    throw Object.assign(new Error("the node is not, or no longer, of its cluster's majority"), {
      code: "ER_UNKNOWN_COM_ERROR",
    });
  }
  const found = await ask("select version() as version, @@global.read_only as read_only");
  if (found?.["read_only"] === 1) {
    throw Object.assign(new Error("the server is read-only"), { code: "ER_OPTION_PREVENTS_STATEMENT" });
  }
  const settings = [...session];
  // What was committed at any node of a Galera cluster is seen at all others. (MySQL itself has no such variable.)
  if (/mariadb/i.test(String(found?.["version"]))) settings.push("wsrep_sync_wait = 7");
  await connection.promise().query(`set session ${settings.join(", ")}`);
  // As a statement: MariaDB and MySQL have two names for the variable.
  await connection.promise().query("set session transaction isolation level serializable");
}

/**
 * A connection as Kysely takes it, which is given nothing that is quoted in an unexpected way.
 *
 * @param onUnfit called when its server turns out to take no writes; the connection is not to be used again then
 */
function plain(connection: mysql.PoolConnection, onUnfit: () => void): MysqlPoolConnection {
  return new Proxy(connection, {
    get(target, name) {
      if (name === "query") {
        return (text: string, parameters: readonly unknown[], callback?: (...answer: unknown[]) => void) =>
          target.query(text, parameters.map(asParameter), (error: unknown, result: unknown) => {
            if (isDoneAlready(error)) return callback?.(null, []);
            const known = withCode(error);
            if (mustEnd.has(faultOf(known))) {
              target.destroy();
              onUnfit();
            }
            callback?.(known, result);
          });
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as unknown as MysqlPoolConnection;
}

/** After these, a server is none that takes writes. */
const mustEnd: ReadonlySet<Fault | null> = new Set<Fault | null>(["lost", "read-only"]);

/**
 * MySQL commits each change of a table by itself: a migration that was interrupted in its middle leaves those behind that
 * it had made, which then count as done when it is run again.
 */
function isDoneAlready(error: unknown): boolean {
  return error instanceof Error && "code" in error && doneAlready.has(String(error.code));
}

const doneAlready: ReadonlySet<string> = new Set([
  "ER_TABLE_EXISTS_ERROR",
  "ER_DUP_FIELDNAME",
  "ER_DUP_KEYNAME",
  "ER_CANT_DROP_FIELD_OR_KEY",
]);

function asParameter(value: unknown): string | number | bigint | Buffer | null {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint")
    return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`a ${typeof value} is no parameter of a query`);
}

/** `mysql2` speaks of some ways in which a connection breaks without a code. */
function withCode(error: unknown): unknown {
  const isFatal = error instanceof Error && "fatal" in error && error.fatal === true;
  return isFatal && !("code" in error) ? Object.assign(error, { code: "PROTOCOL_CONNECTION_LOST" }) : error;
}

class StoreMysqlDialect extends MysqlDialect {
  readonly #config: MysqlDialectConfig;

  constructor(config: MysqlDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): MysqlDriver {
    return new StoreMysqlDriver(this.#config);
  }

  override createAdapter(): MysqlAdapter {
    return new StoreMysqlAdapter(this.#run);
  }

  /** A statement with a connection of its own. */
  readonly #run: Run = async (text, parameters) => {
    const { pool } = this.#config;
    if (pool === undefined || typeof pool === "function") throw new TypeError("there is no pool");
    const connection = await new Promise<MysqlPoolConnection>((resolve, reject) =>
      pool.getConnection((error, one) => (error ? reject(error) : resolve(one))),
    );
    try {
      const answer = await new Promise<unknown>((resolve, reject) =>
        connection.query(text, [...parameters], (error, result) => (error ? reject(error) : resolve(result))),
      );
      return Array.isArray(answer)
        ? { changed: 0, state: Number(answer[0]?.is_locked) }
        : { changed: (answer as mysql.ResultSetHeader).affectedRows, state: 0 };
    } finally {
      connection.release();
    }
  };
}

class StoreMysqlAdapter extends MysqlAdapter {
  readonly #run: Run;
  #lock: MigrationLock | undefined;

  constructor(run: Run) {
    super();
    this.#run = run;
  }

  override async acquireMigrationLock(_: unknown, { lockTable, lockRowId }: MigrationLockOptions) {
    this.#lock = new MigrationLock(this.#run, lockTable, lockRowId);
    await this.#lock.acquire();
  }

  override async releaseMigrationLock() {
    await this.#lock?.release();
  }
}

class StoreMysqlDriver extends MysqlDriver {
  /** One that only reads sees the store as it was at its beginning; see {@link session} for the others. */
  override async beginTransaction(
    connection: DatabaseConnection,
    { accessMode }: TransactionSettings,
  ): Promise<void> {
    const run = (text: string): Promise<QueryResult<unknown>> =>
      connection.executeQuery(CompiledQuery.raw(text));
    if (accessMode !== "read only") {
      await run("begin");
      return;
    }
    await run("set transaction isolation level repeatable read");
    await run("start transaction with consistent snapshot, read only");
  }

  /** What broke the connection is what counts, and not that it cannot be rolled back over it. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection).catch(() => {});
  }
}
