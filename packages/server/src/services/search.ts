import { setImmediate } from "node:timers/promises";
import type { SearchAnswer } from "@pstore/core/api/schemas";
import { pieceSize } from "@pstore/core/digest";
import { fold } from "@pstore/core/fold";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { slices, slicesBySize } from "../database/slices.ts";
import { accessesOf } from "../repositories/members.ts";
import { searchObjects } from "../repositories/objects.ts";
import { type FoundProperty, searchProperties } from "../repositories/properties.ts";
import { firstPieces } from "../repositories/values.ts";
import { record } from "./audit.ts";
import { assertMayLook } from "./objects.ts";
import type { Caller } from "./sessions.ts";

/** The most that one answer finds. */
export const maxFound = 1000;
/** How many objects are looked into between two looks at other requests. */
const objectsAtOnce = 200;
const objectsOfPage = 10 * objectsAtOnce;
/** How many bytes of values are in memory at once, and looked into between two looks at other requests. */
const bytesAtOnce = 4 * pieceSize;

export interface SearchOptions {
  /** Part of a property's name; empty: any. */
  readonly key: string;
  /** Part of a public value; empty: any value, and encrypted ones too. */
  readonly value: string;
  /** Also the property names of others' objects: for privileged users. */
  readonly all: boolean;
}

/**
 * Where both texts are, whatever their case: in the caller's objects, by name, and by property.
 * Values are compared here, since each engine has another notion of the case of what is not ASCII.
 * @throws Problem `forbidden`, `bad-request` when there is nothing to look for
 */
export async function search(db: Db, caller: Caller, options: SearchOptions): Promise<SearchAnswer> {
  assertMayLook(caller, options.all);
  if (options.key === "" && options.value === "") {
    throw new Problem(
      "bad-request",
      "there is nothing to search for; give a part of a property's name, or of a value",
    );
  }
  const found: SearchAnswer["found"] = [];
  for await (const one of finds(db, caller, options)) {
    found.push(one);
    if (found.length > maxFound) break;
  }
  // A value may be sought because it should not stand where it is: it is no business of the log's readers.
  const sought = [
    options.all ? "all" : "",
    options.key === "" ? "" : `property '${options.key}'`,
    options.value === "" ? "" : "a value",
  ];
  await record(db, caller, [{ action: "search", detail: sought.filter((part) => part !== "").join(", ") }]);
  return { found: found.slice(0, maxFound), more: found.length > maxFound };
}

async function* finds(db: Db, caller: Caller, { key, value, all }: SearchOptions) {
  const text = fold(value);
  for await (const objects of livingObjects(db, all ? null : caller.userId)) {
    const matches =
      text === ""
        ? await searchProperties(db, [...objects.keys()], { name: key, publicUpTo: null })
        : await holding(db, await ownOf(db, caller, objects, all), key, text);
    const byObject = Map.groupBy(matches, (property) => property.object_id);
    for (const [id, name] of objects) {
      for (const property of byObject.get(id) ?? []) yield { name, property: property.name };
    }
  }
}

/** Those of objects whose values the caller may read. */
async function ownOf(db: Db, caller: Caller, objects: ReadonlyMap<string, string>, all: boolean) {
  const ids = [...objects.keys()];
  return all ? [...(await accessesOf(db, ids, caller.userId)).keys()] : ids;
}

/** The names of living objects by their ids, in the order of the names, some at a time. */
async function* livingObjects(db: Db, memberId: string | null) {
  for (let after: string | null = null; ; ) {
    const page = await searchObjects(db, { text: "", memberId, after, limit: objectsOfPage });
    for (const some of slices(page, objectsAtOnce)) {
      yield new Map(some.map((object) => [object.id, object.live_name ?? ""]));
      // Embedded databases answer at once: without this, nobody else would be served before the end.
      await setImmediate();
    }
    after = page.at(-1)?.live_name ?? null;
    if (after === null || page.length < objectsOfPage) return;
  }
}

/** The properties of objects whose public value holds a folded text; large ones are not looked into. */
async function holding(
  db: Db,
  objectIds: readonly string[],
  name: string,
  text: string,
): Promise<FoundProperty[]> {
  const found: FoundProperty[] = [];
  const properties = await searchProperties(db, objectIds, { name, publicUpTo: pieceSize });
  for (const some of slicesBySize(properties, ({ size }) => size, { size: bytesAtOnce })) {
    await setImmediate();
    const pieces = await firstPieces(
      db,
      some.map((property) => property.value_id),
    );
    for (const property of some) {
      const bytes = pieces.get(property.value_id);
      if (bytes !== undefined && fold(Buffer.from(bytes).toString()).includes(text)) found.push(property);
    }
  }
  return found;
}
