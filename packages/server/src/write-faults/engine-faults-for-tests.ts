/** Faults that can be put in the way of a statement, for each engine: real ones, as far as they can be had. */
import type { Database } from "bun:sqlite";
import { CompiledQuery, type Dialect, sql } from "kysely";
import { mysqlDialect } from "../database/engines/mysql/dialect.ts";
import { postgresDialect } from "../database/engines/postgres/dialect.ts";
import { BunSqliteDialect, openSqlite } from "../database/engines/sqlite/dialect.ts";
import type { Location, ServerLocation, SqliteLocation } from "../database/location.ts";
import type { Db } from "../database/open.ts";
import { StoreDatabase } from "../database/store-database.ts";
import { tableNames } from "../repositories/tables.ts";
import { type Cut, CuttingProxy } from "./cutting-proxy-for-tests.ts";
import { faulty, type StatementFault, Striker } from "./faulty-dialect-for-tests.ts";

/** A database, and what can go wrong in it. */
export interface FaultyDatabase {
  readonly db: StoreDatabase;
  readonly striker: Striker;
  readonly faults: readonly StatementFault[];
  close(): Promise<void>;
}

/** Opens a database so that any of its statements can fail. */
export async function openFaulty(location: Location): Promise<FaultyDatabase> {
  return location.engine === "sqlite" ? openFile(location) : await openServer(location);
}

const asIs = { end: async () => {} };

function openFile({ path }: SqliteLocation): FaultyDatabase {
  const striker = new Striker();
  const file = openSqlite(path, false);
  // Whoever holds a lock here holds it until the write has been answered.
  file.run("pragma busy_timeout = 0");
  const other = openSqlite(path, false);
  const db = new StoreDatabase("sqlite", faulty(new BunSqliteDialect(file), striker));
  const faults: StatementFault[] = [
    {
      name: "full",
      strike(_, go) {
        // SQLite takes the present size for what is smaller.
        file.run("pragma max_page_count = 1");
        return go();
      },
      end: async () => {
        file.run("pragma max_page_count = 4294967294");
      },
    },
    {
      name: "locked",
      strike(_, go) {
        // While the transaction is ours nobody else can have the lock: then nothing goes wrong.
        if (!file.inTransaction) other.run("begin immediate");
        return go();
      },
      end: async () => {
        if (other.inTransaction) other.run("rollback");
      },
    },
    ...(["SQLITE_IOERR_WRITE", "SQLITE_FULL"] as const).map((code) => rolledBack(file, code)),
  ];
  return { db, striker, faults, close: async () => other.close() };
}

/** What SQLite leaves after a fault of the disk: the transaction is rolled back already. The real ones are in e2e/. */
function rolledBack(file: Database, code: string): StatementFault {
  return {
    name: `${code} and rolled back`,
    async strike() {
      if (file.inTransaction) file.run("rollback");
      throw Object.assign(new Error("disk I/O error"), { code });
    },
    ...asIs,
  };
}

interface Server {
  readonly dialect: (location: ServerLocation) => Dialect;
  /** Has this session not wait for locks. */
  readonly impatient: string;
  readonly ownId: string;
  /** Ends a session, and waits until it is gone. */
  kill(admin: Db, id: number): Promise<void>;
  /** Statements that fail as the engine fails, by what they are. */
  readonly raised: Readonly<Record<string, string>>;
  /** Locks all rows of a table, or fails at once. */
  readonly lock: (table: string) => string;
}

const raise = (state: string) =>
  `do $$ begin raise exception 'could not go on' using errcode = '${state}'; end $$`;
const signal = (errno: number, text = "Could not go on") =>
  `signal sqlstate 'HY000' set mysql_errno = ${errno}, message_text = '${text}'`;

const servers: Readonly<Record<"postgres" | "mysql", Server>> = {
  postgres: {
    dialect: postgresDialect,
    impatient: "set lock_timeout = '30ms'",
    ownId: "select pg_backend_pid() as id",
    async kill(admin, id) {
      await sql`select pg_terminate_backend(${id}, 10000)`.execute(admin);
    },
    raised: {
      full: raise("53100"),
      "I/O error": raise("58030"),
      timeout: raise("57014"),
      deadlock: raise("40P01"),
    },
    lock: (table) => `lock table ${table} in exclusive mode nowait`,
  },
  mysql: {
    dialect: mysqlDialect,
    impatient: "set session innodb_lock_wait_timeout = 0",
    ownId: "select connection_id() as id",
    async kill(admin, id) {
      await sql.raw(`kill ${id}`).execute(admin);
      for (;;) {
        const { rows } = await sql`select 1 from information_schema.processlist where id = ${id}`.execute(
          admin,
        );
        if (rows.length === 0) return;
      }
    },
    raised: { full: signal(1021), "I/O error": signal(1026), timeout: signal(1969), deadlock: signal(1213) },
    lock: (table) => `select 1 from ${table} for update`,
  },
};

async function openServer(location: ServerLocation): Promise<FaultyDatabase> {
  const server = servers[location.engine];
  const [host] = location.hosts;
  if (host === undefined || "socket" in host) throw new Error("give a server that is reached over TCP");
  const proxy = await CuttingProxy.start(host);
  const there = { ...location, hosts: [{ host: "127.0.0.1", port: proxy.port }], pool: 2 };
  const striker = new Striker();
  const db = new StoreDatabase(location.engine, faulty(server.dialect(there), striker));
  const admin = new StoreDatabase(location.engine, server.dialect({ ...location, pool: 2 }));
  const cut = <T>(what: Cut, go: () => T) => {
    proxy.cutNext(what);
    return go();
  };
  const raised = Object.entries(server.raised).map(
    ([name, text]): StatementFault => ({
      name,
      strike: (connection) => connection.executeQuery(CompiledQuery.raw(text)),
      ...asIs,
    }),
  );
  const faults: StatementFault[] = [
    { name: "cut before it", strike: (_, go) => cut("request", go), ...asIs },
    { name: "cut behind it", strike: (_, go) => cut("answer", go), ...asIs },
    {
      name: "killed",
      async strike(connection, go) {
        const { rows } = await connection.executeQuery(CompiledQuery.raw(server.ownId));
        await server.kill(admin, Number((rows[0] as { id: unknown }).id));
        return await go();
      },
      ...asIs,
    },
    locked(server, admin),
    ...raised,
  ];
  return {
    db,
    striker,
    faults,
    async close() {
      await admin.destroy();
      await proxy.close();
    },
  };
}

/** Another transaction holds all that this one has not touched yet. */
function locked(server: Server, admin: Db): StatementFault {
  let end = async () => {};
  return {
    name: "locked",
    async strike(connection, go) {
      await connection.executeQuery(CompiledQuery.raw(server.impatient));
      end = await lockAll(server, admin);
      return await go();
    },
    end: async () => await end(),
  };
}

/** @returns what ends the locks */
async function lockAll(server: Server, admin: Db): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const done = admin.connection().execute(async (connection) => {
    const run = (text: string) => sql.raw(text).execute(connection);
    await run(server.impatient);
    await run("begin");
    for (const table of tableNames) {
      await run("savepoint each_table");
      await run(server.lock(table)).catch(() => run("rollback to savepoint each_table"));
    }
    held.resolve();
    await over.promise;
    await run("rollback");
  });
  await Promise.race([held.promise, done]);
  return async () => {
    over.resolve();
    await done;
  };
}
