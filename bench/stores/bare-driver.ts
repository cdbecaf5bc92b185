// The databases' drivers, with nothing between them and a query but what makes a commit durable.
import { Database } from "bun:sqlite";
import mysql from "mysql2/promise";
import pg from "pg";

type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  /** With `?` for each parameter. */
  readonly text: string;
  readonly parameters: readonly (string | number | Uint8Array)[];
}

export interface BareDriver {
  all(statement: Statement): Promise<readonly Row[]>;
  /** Runs statements in one transaction. */
  together(statements: readonly Statement[]): Promise<void>;
}

/** As many connections as a server opens. */
const connections = 10;

/** @param url as for `--database` */
export function bareDriver(url: string): BareDriver {
  if (url.startsWith("sqlite:")) return sqliteDriver(url.slice("sqlite:".length));
  return url.startsWith("postgres:") ? postgresDriver(url) : mysqlDriver(url);
}

function sqliteDriver(path: string): BareDriver {
  const database = new Database(path);
  database.run("pragma busy_timeout = 10000");
  database.run("pragma synchronous = full");
  const run = ({ text, parameters }: Statement) => database.query(text).all(...parameters) as Row[];
  return {
    all: async (statement) => run(statement),
    async together(statements) {
      database.run("begin immediate");
      for (const statement of statements) run(statement);
      database.run("commit");
    },
  };
}

function postgresDriver(url: string): BareDriver {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  const numbered = (text: string) => {
    let number = 0;
    return text.replaceAll("?", () => `$${++number}`);
  };
  return {
    all: async ({ text, parameters }) => (await pool.query(numbered(text), [...parameters])).rows,
    async together(statements) {
      const client = await pool.connect();
      await client.query("begin");
      for (const { text, parameters } of statements) await client.query(numbered(text), [...parameters]);
      await client.query("commit");
      client.release();
    },
  };
}

function mysqlDriver(url: string): BareDriver {
  const pool = mysql.createPool({ uri: url, connectionLimit: connections });
  const asParameter = (value: Statement["parameters"][number]) =>
    value instanceof Uint8Array ? Buffer.from(value) : value;
  return {
    async all({ text, parameters }) {
      const [rows] = await pool.query(text, parameters.map(asParameter));
      return rows as Row[];
    },
    async together(statements) {
      const connection = await pool.getConnection();
      await connection.query("begin");
      for (const { text, parameters } of statements)
        await connection.query(text, parameters.map(asParameter));
      await connection.query("commit");
      connection.release();
    },
  };
}
