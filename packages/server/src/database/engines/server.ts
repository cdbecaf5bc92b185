import { Problem } from "@pstore/core/problem";
import { type Dialect, sql } from "kysely";
import { faultOf } from "../faults.ts";
import { type ServerLocation, shownLocation } from "../location.ts";
import { migrationTable } from "../migrations/table.ts";
import { StoreDatabase } from "../store-database.ts";
import type { Engine, Explanation } from "./engine.ts";
import { messageOf } from "./engine.ts";

/** What the engines that are servers differ in. */
export interface ServerEngine extends Pick<Engine<ServerLocation>, "columnTypes"> {
  dialect(location: ServerLocation): Dialect;
  /** Looks at a server before a store is made there, and throws a Problem when it is none to be used. */
  assertUsable(db: StoreDatabase, location: ServerLocation): Promise<void>;
  /** What makes a database anew, as a command or statement. */
  anew(location: ServerLocation): string;
  /** Drops tables that refer to each other. */
  drop(db: StoreDatabase, tables: readonly string[]): Promise<void>;
  /** What to do about the errors of this engine, by their codes. */
  readonly advice: Readonly<Record<string, (location: ServerLocation) => string>>;
}

/** An engine of databases that whoever runs their server has made. */
export function serverEngine(own: ServerEngine): Engine<ServerLocation> {
  const open = async (location: ServerLocation) => {
    const db = new StoreDatabase(location.engine, own.dialect(location));
    try {
      await sql`select 1`.execute(db);
    } catch (error) {
      await db.destroy();
      throw error;
    }
    return db;
  };
  return {
    columnTypes: own.columnTypes,
    open,

    async create(location) {
      const db = await open(location);
      try {
        await own.assertUsable(db, location);
        await assertEmpty(db, location, own.anew(location));
      } catch (error) {
        await db.destroy();
        throw error;
      }
      return db;
    },

    async settle() {},

    async discard(_, db) {
      const tables = await db.introspection.getTables();
      await own.drop(
        db,
        tables.map(({ name }) => name),
      );
      await db.destroy();
    },

    explain(error, location): Explanation {
      const why = messageOf(error);
      const code = String((error as { code?: unknown }).code);
      const advice = Object.hasOwn(own.advice, code) ? own.advice[code]?.(location) : undefined;
      return { why, advice: advice ?? generalAdvice(error) };
    },
  };
}

/** @param anew what makes it so, where that does no harm */
async function assertEmpty(db: StoreDatabase, location: ServerLocation, anew: string): Promise<void> {
  const names = (await db.introspection.getTables()).map(({ name }) => name);
  const [first] = names;
  if (first === undefined) return;
  const where = `the database ${shownLocation(location)}`;
  if (names.includes(migrationTable) && !(await hasStore(db, names))) {
    throw new Problem(
      "conflict",
      `${where} has the tables of a store that was never finished: what makes it is still at work, or was killed; if it was, empty it with '${anew}' and try again`,
    );
  }
  throw new Problem(
    "conflict",
    `${where} is not empty (it has the table '${first}'); a new store needs an empty database of its own`,
  );
}

async function hasStore(db: StoreDatabase, tables: readonly string[]): Promise<boolean> {
  if (!tables.includes("store")) return false;
  return (await db.selectFrom("store").select("id").executeTakeFirst()) !== undefined;
}

function generalAdvice(error: unknown): string {
  const fault = faultOf(error);
  if (fault === "lost") return "see whether the database server runs and is reached from here";
  if (fault === "read-only") return "give a host that takes writes, or several, of which one does";
  if (fault === "full") return "make room on the database server";
  if (/does not support (?:SSL|secure)/i.test(messageOf(error)))
    return "let it have a certificate, or give sslmode=disable where nobody else is on the way to it";
  if (/certificate|self.signed|altname|SSL|TLS|\bCA\b/i.test(messageOf(error)))
    return "give its authority's certificate with sslrootcert=FILE, or see sslmode in the URL";
  return "check the URL, and the rights of its user";
}
