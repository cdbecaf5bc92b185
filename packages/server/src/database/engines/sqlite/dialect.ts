import { Database } from "bun:sqlite";
import {
  CompiledQuery,
  type DatabaseConnection,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type TransactionSettings,
} from "kysely";

/** What Kysely's SQLite dialect asks of better-sqlite3, on Bun's own SQLite. */
function asKyselyDatabase(database: Database) {
  return {
    close: () => database.close(),
    prepare(sql: string) {
      const statement = database.query(sql);
      const bind = (parameters: readonly unknown[]) => parameters as never[];
      return {
        reader: statement.columnNames.length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...bind(parameters)),
        run: (parameters: readonly unknown[]) => statement.run(...bind(parameters)),
        iterate: (parameters: readonly unknown[]) =>
          statement.iterate(...bind(parameters)) as IterableIterator<unknown>,
      };
    },
  };
}

class ImmediateDriver extends SqliteDriver {
  readonly #database: Database;
  #isReading = false;

  constructor(database: Database) {
    super({ database: asKyselyDatabase(database) });
    this.#database = database;
  }

  /**
   * A transaction that will write takes the write lock at its start: one that is upgraded later can only fail. One that
   * only reads has the store as it is at its first read, and nobody waits for it.
   */
  override async beginTransaction(
    connection: DatabaseConnection,
    settings?: TransactionSettings,
  ): Promise<void> {
    const isReading = settings?.accessMode === "read only";
    await connection.executeQuery(CompiledQuery.raw(isReading ? "begin" : "begin immediate"));
    // SQLite knows no transaction that only reads. Nobody else has the connection before this one ends.
    if (isReading) this.#database.run("pragma query_only = on");
    this.#isReading = isReading;
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await super.commitTransaction(connection);
    this.#allowWriting();
  }

  /** After some faults, a full disk among them, SQLite has rolled back itself: to ask again would hide the fault. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
    this.#allowWriting();
  }

  #allowWriting(): void {
    if (this.#isReading) this.#database.run("pragma query_only = off");
    this.#isReading = false;
  }
}

/** SQLite changes tables in transactions like rows, which Kysely does not believe: a migration is whole or was not. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export class BunSqliteDialect extends SqliteDialect {
  readonly #database: Database;

  constructor(database: Database) {
    super({ database: asKyselyDatabase(database) });
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#database);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/**
 * Opens a database file with what makes a commit durable.
 * @param create whether to make the file when there is none
 */
export function openSqlite(path: string, create: boolean): Database {
  const database = new Database(path, { create, readwrite: true });
  // Several processes may hold the file: a command beside the server waits for the other's transaction.
  database.run("pragma busy_timeout = 10000");
  database.run("pragma synchronous = full");
  database.run("pragma foreign_keys = on");
  return database;
}
