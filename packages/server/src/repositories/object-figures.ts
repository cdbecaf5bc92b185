import type { Db } from "../database/open.ts";
import { slices } from "../database/slices.ts";

export interface ObjectFigures {
  readonly properties: number;
  /** In bytes, of public values and of bodies. */
  readonly size: number;
  /** When one of the properties that there are was last read, as the log says; `null`: never. */
  readonly lastRead: string | null;
}

/** How much objects hold, by object; those without properties are not among them. */
export async function figuresOf(
  db: Db,
  objectIds: readonly string[],
): Promise<ReadonlyMap<string, ObjectFigures>> {
  const found = new Map<string, ObjectFigures>();
  for (const ids of slices(objectIds)) {
    const rows = await db
      .selectFrom((eb) =>
        eb
          .selectFrom("properties")
          .select((property) => [
            "properties.object_id",
            "properties.size",
            // For each property by itself, so that the index has the answer: the log of one object may be long.
            property
              .selectFrom("audit")
              .select((read) => read.fn.max("audit.time").as("last"))
              .where("audit.action", "=", "read")
              .where("audit.outcome", "=", "ok")
              .whereRef("audit.object_id", "=", "properties.object_id")
              .whereRef("audit.property", "=", "properties.name")
              .as("last_read"),
          ])
          .where("properties.object_id", "in", ids)
          .as("read_properties"),
      )
      .select((eb) => [
        "object_id",
        eb.fn.countAll<number>().as("properties"),
        eb.fn.sum<number>("size").as("size"),
        eb.fn.max("last_read").as("last_read"),
      ])
      .groupBy("object_id")
      .execute();
    for (const row of rows) {
      const { properties, size } = row;
      found.set(row.object_id, {
        properties: Number(properties),
        size: Number(size),
        lastRead: row.last_read,
      });
    }
  }
  return found;
}

export interface LastRead {
  readonly time: string;
  readonly user_name: string;
}

/** Who read the properties of an object last, as the log says, by property; those never read are not among them. */
export async function lastReadsOf(db: Db, objectId: string): Promise<ReadonlyMap<string, LastRead>> {
  const rows = await db
    .selectFrom("properties")
    .innerJoin("audit", (join) =>
      join.on("audit.id", "=", (eb) =>
        eb
          .selectFrom("audit as reads")
          .select("reads.id")
          .where("reads.action", "=", "read")
          .where("reads.outcome", "=", "ok")
          .whereRef("reads.object_id", "=", "properties.object_id")
          .whereRef("reads.property", "=", "properties.name")
          .orderBy("reads.time", "desc")
          .limit(1),
      ),
    )
    .select(["properties.name", "audit.time", "audit.user_name"])
    .where("properties.object_id", "=", objectId)
    .execute();
  return new Map(rows.map(({ name, ...read }) => [name, read]));
}
