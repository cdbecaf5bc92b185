import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import type { Kysely } from "kysely";
import { engineOf } from "./engines/all.ts";
import type { Engine } from "./engines/engine.ts";
import { type Location, shownLocation } from "./location.ts";
import { checkVersion } from "./migrate.ts";
import type { Tables } from "./schema.ts";
import type { StoreDatabase } from "./store-database.ts";

export type Db = Kysely<Tables>;

/**
 * Opens the database of an existing store, at whatever version.
 * @throws Problem `unavailable` when there is none, or it cannot be opened
 */
export async function openUnchecked(location: Location): Promise<StoreDatabase> {
  const engine = await engineOf(location.engine);
  return await usable(location, engine, () => engine.open(location));
}

/**
 * Opens the database of an existing store of this version.
 * @throws Problem `unavailable` when there is none, or it is not one, or of another version
 */
export async function openDatabase(location: Location): Promise<StoreDatabase> {
  const engine = await engineOf(location.engine);
  const db = await openUnchecked(location);
  try {
    await usable(location, engine, async () => {
      await checkVersion(db, placeOf(location));
      await engine.settle(db);
    });
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/**
 * Makes an empty database: a file of SQLite, readable by nobody else, in a folder that is made as well if need be. On a
 * database server it is there already, and must be empty.
 * @throws Problem `conflict` when there is something in its place, `unavailable` when it cannot be made
 */
export async function createDatabase(location: Location): Promise<StoreDatabase> {
  const engine = await engineOf(location.engine);
  return await usable(location, engine, () => engine.create(location));
}

/** Takes away what {@link createDatabase} made, and closes it. */
export async function discardDatabase(location: Location, db: StoreDatabase): Promise<void> {
  await (await engineOf(location.engine)).discard(location, db);
}

/** A database as it is named in sentences. */
export function placeOf(location: Location): string {
  return location.engine === "sqlite" ? location.path : shownLocation(location);
}

async function usable<T>(location: Location, engine: Engine<Location>, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof Problem) throw error;
    const { why, advice } = engine.explain(error, location);
    throw new Problem(
      "unavailable",
      `the database ${placeOf(location)} cannot be used (${asciiLine(why)}); ${advice}`,
      { cause: error },
    );
  }
}
