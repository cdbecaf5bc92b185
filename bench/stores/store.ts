// A store on an engine, filled with objects, and its users.
import { open } from "node:fs/promises";
import { parseLocation } from "@pstore/server/database/location";
import { createTables } from "@pstore/server/database/migrate";
import { createDatabase, openUnchecked } from "@pstore/server/database/open";
import type { EngineName } from "@pstore/server/database/store-database";
import { createStore } from "@pstore/server/services/accounts";
import type { Kysely } from "kysely";
import type { DatabaseServer } from "./engines.ts";
import { type Fill, Filler } from "./fill.ts";

export interface BenchStore {
  readonly engine: EngineName;
  /** For `--database`. */
  readonly url: string;
  readonly id: string;
  readonly filler: Filler;
  readonly fill: Fill;
  /** Does something in the database itself, which no server may use meanwhile. */
  inside<T>(act: (db: Kysely<never>) => Promise<T>): Promise<T>;
}

/** Makes a store of so many objects. */
export async function makeStore(server: DatabaseServer, objects: number): Promise<BenchStore> {
  const { engine } = server;
  const url = await server.make(`store${objects}`);
  const location = parseLocation(url);
  const db = await createDatabase(location);
  await createTables(db);
  const { id } = await createStore(db);
  await db.destroy();
  const filler = new Filler(engine, id);
  const inside = async <T>(act: (db: Kysely<never>) => Promise<T>): Promise<T> => {
    const own = await openUnchecked(location);
    try {
      return await act(own as unknown as Kysely<never>);
    } finally {
      await own.destroy();
    }
  };
  const fill = await inside((own) => filler.fill(own, objects));
  // Else the system writes for a while what the fill left in its memory.
  if (location.engine === "sqlite") await toDisk(location.path);
  return { engine, url, id, filler, fill, inside };
}

async function toDisk(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
