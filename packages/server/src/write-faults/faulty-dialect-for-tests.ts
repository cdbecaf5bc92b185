/** A database in whose way a fault can be put at any of its statements. */
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from "kysely";

type Answer = QueryResult<unknown>;

/** What goes wrong at a statement. */
export interface StatementFault {
  readonly name: string;
  /** Does the harm. @param go carries the statement out */
  strike(connection: DatabaseConnection, go: () => Promise<Answer>): Promise<Answer>;
  /** Ends the harm, when the write has been answered. */
  end(): Promise<void>;
}

/** Counts statements from {@link arm} on, the beginnings and ends of transactions among them, and strikes at one of them. */
export class Striker {
  #fault: StatementFault | null = null;
  #at = 0;
  count = 0;
  hasStruck = false;

  /** @param at 1: the next statement */
  arm(fault: StatementFault | null, at: number): void {
    this.#fault = fault;
    this.#at = at;
    this.count = 0;
    this.hasStruck = false;
  }

  async disarm(): Promise<void> {
    const fault = this.#fault;
    this.#fault = null;
    await fault?.end();
  }

  async pass(
    connection: DatabaseConnection,
    { sql }: CompiledQuery,
    go: () => Promise<Answer>,
  ): Promise<Answer> {
    // Nothing is to be rolled back once the connection is gone, and else it is what follows a fault.
    if (/^rollback/.test(sql)) return await go();
    this.count++;
    if (this.#fault === null || this.count !== this.#at) return await go();
    this.hasStruck = true;
    return await this.#fault.strike(connection, go);
  }
}

/** A dialect all of whose statements pass a {@link Striker}. */
export function faulty(dialect: Dialect, striker: Striker): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => faultyDriver(dialect.createDriver(), striker),
  };
}

function faultyDriver(driver: Driver, striker: Striker): Driver {
  const own = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const real = new WeakMap<DatabaseConnection, DatabaseConnection>();
  return {
    init: (options) => driver.init(options),
    async acquireConnection(options) {
      const connection = await driver.acquireConnection(options);
      const known = own.get(connection) ?? faultyConnection(connection, striker);
      own.set(connection, known);
      real.set(known, connection);
      return known;
    },
    beginTransaction: (connection, settings) => driver.beginTransaction(connection, settings),
    commitTransaction: (connection) => driver.commitTransaction(connection),
    rollbackTransaction: (connection) => driver.rollbackTransaction(connection),
    releaseConnection: (connection, options) =>
      driver.releaseConnection(real.get(connection) ?? connection, options),
    destroy: (options) => driver.destroy(options),
  };
}

function faultyConnection(connection: DatabaseConnection, striker: Striker): DatabaseConnection {
  return new Proxy(connection, {
    get(target, name) {
      if (name === "executeQuery")
        return (query: CompiledQuery) => striker.pass(target, query, () => target.executeQuery(query));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
