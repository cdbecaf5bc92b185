/** A database of its own for each test store, on the engine that the run is for. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { type Location, parseLocation, type ServerLocation } from "./location.ts";
import { openUnchecked } from "./open.ts";
import type { EngineName } from "./store-database.ts";

/** What holds the URL of a server on which databases can be made. */
const administrators = { postgres: "PSTORE_TEST_POSTGRES", mysql: "PSTORE_TEST_MYSQL" } as const;

/** The engine that tests are run on: `PSTORE_TEST_ENGINE`, else SQLite. */
export const testedEngine = (process.env["PSTORE_TEST_ENGINE"] ?? "sqlite") as EngineName;

export interface FreshDatabase {
  /** There is nothing yet in its place. */
  readonly location: Location;
  /** The same for `--database`. */
  readonly url: string;
  drop(): Promise<void>;
}

export async function freshDatabase(engine: EngineName = testedEngine): Promise<FreshDatabase> {
  if (engine === "sqlite") {
    const folder = mkdtempSync("/tmp/p-");
    const path = join(folder, "store.db");
    return {
      location: { engine, path },
      url: `sqlite:${path}`,
      drop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  }
  const url = administratorUrl(engine);
  const server = parseLocation(url) as ServerLocation;
  const database = `p_${randomBytes(8).toString("hex")}`;
  const collation = engine === "postgres" ? sql`` : sql` character set utf8mb4 collate utf8mb4_general_ci`;
  await asAdministrator(server, sql`create database ${sql.id(database)}${collation}`);
  return {
    location: { ...server, database },
    url: url.replace(/\/[^/]*$/, `/${database}`),
    drop: () => asAdministrator(server, sql`drop database ${sql.id(database)}`),
  };
}

function administratorUrl(engine: "postgres" | "mysql"): string {
  const name = administrators[engine];
  const url = process.env[name];
  if (url !== undefined) return url;
  throw new Error(`these tests need the URL of a server in ${name}; 'npm test' starts one and gives it`);
}

async function asAdministrator(server: ServerLocation, statement: ReturnType<typeof sql>): Promise<void> {
  const db = await openUnchecked({ ...server, pool: 2 });
  try {
    await statement.execute(db);
  } finally {
    await db.destroy();
  }
}
