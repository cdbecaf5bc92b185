import type { ExpressionBuilder } from "kysely";
import { contains } from "../database/contains.ts";
import type { Db } from "../database/open.ts";
import type { ObjectTable, Tables } from "../database/schema.ts";
import { findAnyObjects } from "./any-objects.ts";
import { isMemberOfMany } from "./objects.ts";

/** Living and deleted ones may be withheld besides. */
export type ObjectState = "living" | "withheld" | "deleted";

export interface ObjectFilter {
  readonly state: ObjectState;
  /** Part of the name, whatever its case; empty: any. */
  readonly text: string;
  /** Only objects of which this user is a member; `null`: all. */
  readonly memberId: string | null;
  /** And of those only the ones that nobody else who may sign in can read. */
  readonly only: boolean;
}

/** A place in a list of objects: what it is ordered by, and the id where that is the same. */
export interface ObjectPlace {
  readonly key: string;
  readonly id: string;
}

/** What each list is ordered by, so that an index has it in order: those withheld since longest come first. */
const keys = { living: "live_name", withheld: "withheld", deleted: "name" } as const;

/** So many objects one page looks through at most, where most of them may not fit. */
const examinedAtOnce = 5_000;

/**
 * A page of all objects, whether they are withheld or not.
 * @param after only what comes behind this place; `null`: from the start
 * @returns at most so many objects, and where the next page begins behind; `null`: this was the last one. A page may hold
 *   fewer, or none, although there are more
 */
export async function pageOfObjects(
  db: Db,
  filter: ObjectFilter,
  after: ObjectPlace | null,
  limit: number,
): Promise<{ objects: ObjectTable[]; next: ObjectPlace | null }> {
  const { state, text, memberId, only } = filter;
  const isOfMany = memberId !== null && (state === "withheld" || (await isMemberOfMany(db, memberId)));
  const end = isOfMany ? await placeBehind(db, state, after, examinedAtOnce) : null;
  let query = inOrder(db, state, after);
  if (text !== "")
    query = query.where(contains(state === "living" ? "objects.live_name" : "objects.name", text));
  if (memberId !== null) {
    // Of few, the memberships lead to the objects; of many, each object is looked at as its turn comes.
    query = isOfMany
      ? query.where((eb) => eb.exists(membershipsOf(eb, memberId).whereRef("object_id", "=", "objects.id")))
      : query.where("objects.id", "in", (eb) => membershipsOf(eb, memberId));
    if (only) query = query.where((eb) => eb.not(eb.exists(othersWithAccess(eb, memberId))));
  }
  if (end !== null) query = upTo(query, state, end);
  // What an index holds alone, so that rows are looked up only of what is shown.
  const found = await places(query, state)
    .limit(limit + 1)
    .execute();
  const shown = found.slice(0, limit);
  const rows = new Map(
    (
      await findAnyObjects(
        db,
        shown.map(({ id }) => id),
      )
    ).map((object) => [object.id, object]),
  );
  const objects = shown.flatMap(({ id }) => rows.get(id) ?? []);
  return { objects, next: found.length > limit ? placeOf(shown.at(-1)) : end };
}

/** Objects of a state in the order of their list. */
function inOrder(db: Db, state: ObjectState, after: ObjectPlace | null) {
  const key = `objects.${keys[state]}` as const;
  // This is true of every text, and tells the engine which index has them in order.
  let query = db.selectFrom("objects").where(key, ">=", after?.key ?? "");
  if (state === "deleted") query = query.where("objects.live_name", "is", null);
  if (after !== null) {
    query = query.where(({ or, eb }) => or([eb(key, ">", after.key), eb("objects.id", ">", after.id)]));
  }
  return query.orderBy(key).orderBy("objects.id");
}

function upTo(query: ReturnType<typeof inOrder>, state: ObjectState, end: ObjectPlace) {
  const key = `objects.${keys[state]}` as const;
  return query
    .where(key, "<=", end.key)
    .where(({ or, eb }) => or([eb(key, "<", end.key), eb("objects.id", "<=", end.id)]));
}

function places(query: ReturnType<typeof inOrder>, state: ObjectState) {
  return query.select([`objects.${keys[state]} as key`, "objects.id"]);
}

function placeOf(row: { key: string | null; id: string } | undefined): ObjectPlace | null {
  return row === undefined ? null : { key: row.key ?? "", id: row.id };
}

/** The place of the object that stands so far behind another; `null` where the list ends before. */
async function placeBehind(
  db: Db,
  state: ObjectState,
  after: ObjectPlace | null,
  count: number,
): Promise<ObjectPlace | null> {
  return placeOf(
    await places(inOrder(db, state, after), state)
      .limit(1)
      .offset(count - 1)
      .executeTakeFirst(),
  );
}

type OfObject = ExpressionBuilder<Tables, "objects">;

function membershipsOf(eb: OfObject, userId: string) {
  return eb.selectFrom("members").select("members.object_id").where("members.user_id", "=", userId);
}

/** The members of an object, but for one, who can read it: who waits to be let in cannot, nor who may not sign in. */
function othersWithAccess(eb: OfObject, memberId: string) {
  return eb
    .selectFrom("members as others")
    .leftJoin("users as barred", (join) =>
      join.onRef("barred.id", "=", "others.user_id").on("barred.active", "=", 0),
    )
    .select("others.object_id")
    .whereRef("others.object_id", "=", "objects.id")
    .where("others.pending", "=", 0)
    .where("others.user_id", "!=", memberId)
    .where("barred.id", "is", null);
}
