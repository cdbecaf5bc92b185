import type { Db } from "../database/open.ts";

/** How much there is in a store. */
export interface Totals {
  /** That live. */
  readonly objects: number;
  /** That were not removed. */
  readonly users: number;
  /** Those of them that are active, and have no public key. */
  readonly usersWithoutKey: number;
  /** That are current, of users who were not removed. */
  readonly keys: number;
  /** Of all values, earlier ones that are kept too, without wrapped keys. */
  readonly storedBytes: number;
}

/** Counts it all, by indexes: some milliseconds, however large the store is. */
export async function readTotals(db: Db): Promise<Totals> {
  const objects = await db
    .selectFrom("objects")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("live_name", "is not", null)
    .executeTakeFirstOrThrow();
  const users = await db
    .selectFrom("users")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("removed", "is", null)
    .executeTakeFirstOrThrow();
  const keys = await db
    .selectFrom("public_keys")
    .innerJoin("users", "users.id", "public_keys.user_id")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("public_keys.removed", "is", null)
    .where("users.removed", "is", null)
    .executeTakeFirstOrThrow();
  const keyless = await db
    .selectFrom("users")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("removed", "is", null)
    .where("active", "=", 1)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("public_keys")
            .select("public_keys.fingerprint")
            .whereRef("public_keys.user_id", "=", "users.id")
            .where("public_keys.removed", "is", null),
        ),
      ),
    )
    .executeTakeFirstOrThrow();
  const stored = await db
    .selectFrom("stored_values")
    .select((eb) => eb.fn.sum<number | null>("size").as("size"))
    .executeTakeFirstOrThrow();
  return {
    objects: Number(objects.count),
    users: Number(users.count),
    usersWithoutKey: Number(keyless.count),
    keys: Number(keys.count),
    storedBytes: Number(stored.size ?? 0),
  };
}
