// A store on an engine, which objects are put into by the hundred thousand, and its users.
import { parseLocation } from "@pstore/server/database/location";
import { createTables } from "@pstore/server/database/migrate";
import { createDatabase, openUnchecked } from "@pstore/server/database/open";
import type { EngineName } from "@pstore/server/database/store-database";
import { createStore } from "@pstore/server/services/accounts";
import type { Kysely } from "kysely";
import { startDatabase } from "./engines.ts";
import { type Fill, Filler } from "./fill.ts";

export interface BenchStore extends AsyncDisposable {
  readonly engine: EngineName;
  /** For `--database`. */
  readonly url: string;
  readonly id: string;
  readonly filler: Filler;
  /** Makes objects until there are so many. Nobody else may use the store meanwhile. */
  grow(objects: number): Promise<Fill>;
  /** Does something in the database itself. */
  inside(act: (db: Kysely<never>) => Promise<unknown>): Promise<void>;
}

export async function makeStore(engine: EngineName): Promise<BenchStore> {
  const database = await startDatabase(engine);
  const location = parseLocation(database.url);
  try {
    const db = await createDatabase(location);
    await createTables(db);
    const { id } = await createStore(db);
    await db.destroy();
    const filler = new Filler(engine, id);
    const inside = async (act: (db: Kysely<never>) => Promise<unknown>) => {
      const own = await openUnchecked(location);
      try {
        await act(own as unknown as Kysely<never>);
      } finally {
        await own.destroy();
      }
    };
    return {
      ...{ engine, url: database.url, id, filler, inside },
      async grow(objects) {
        let fill: Fill | undefined;
        await inside(async (own) => {
          fill = await filler.grow(own, objects);
        });
        if (fill === undefined) throw new Error("Nothing was filled.");
        return fill;
      },
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}
