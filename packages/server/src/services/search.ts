import { setImmediate } from "node:timers/promises";
import type { SearchAnswer } from "@pstore/core/api/schemas";
import { pieceSize } from "@pstore/core/digest";
import { fold } from "@pstore/core/fold";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import type { PropertyTable } from "../database/schema.ts";
import { slices } from "../database/slices.ts";
import { accessesOf, propertiesOfAll, searchObjects } from "../repositories/objects.ts";
import { firstPieces } from "../repositories/values.ts";
import { record } from "./audit.ts";
import { assertMayLook } from "./objects.ts";
import type { Caller } from "./sessions.ts";

/** The most that one answer finds. */
export const maxFound = 1000;
/** How many objects are looked into between two looks at other requests. */
const objectsAtOnce = 200;
/** How many bytes of values are in memory at once, but for the last one. */
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
 * The comparison is made here, since each engine has another notion of case.
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
  const sought = [
    options.all ? "all" : "",
    options.key === "" ? "" : `property '${options.key}'`,
    options.value === "" ? "" : `value '${options.value}'`,
  ];
  await record(db, caller, [{ action: "search", detail: sought.filter((part) => part !== "").join(" ") }]);
  return { found: found.slice(0, maxFound), more: found.length > maxFound };
}

async function* finds(db: Db, caller: Caller, options: SearchOptions) {
  const key = fold(options.key);
  const value = fold(options.value);
  for await (const objects of livingObjects(db, options.all ? null : caller.userId)) {
    const ids = [...objects.keys()];
    const own = options.all ? await accessesOf(db, ids, caller.userId) : objects;
    const named = (await propertiesOfAll(db, ids)).filter((property) => fold(property.name).includes(key));
    const matches =
      options.value === ""
        ? named
        : await holding(
            db,
            named.filter((property) => own.has(property.object_id)),
            value,
          );
    const byObject = Map.groupBy(matches, (property) => property.object_id);
    for (const [id, name] of objects) {
      for (const property of byObject.get(id) ?? []) yield { name, property: property.name };
    }
  }
}

/** The names of living objects by their ids, in the order of the names, some at a time. */
async function* livingObjects(db: Db, memberId: string | null) {
  for (let after: string | null = null; ; ) {
    const page = await searchObjects(db, { text: "", memberId, after, limit: 10 * objectsAtOnce });
    for (const some of slices(page, objectsAtOnce)) {
      yield new Map(some.map((object) => [object.id, object.live_name ?? ""]));
      // Embedded databases answer at once: without this, nobody else would be served before the end.
      await setImmediate();
    }
    after = page.at(-1)?.live_name ?? null;
    if (after === null) return;
  }
}

/** Those of properties whose public value holds a folded text; large ones are not looked into. */
async function holding(db: Db, properties: readonly PropertyTable[], text: string): Promise<PropertyTable[]> {
  const found: PropertyTable[] = [];
  const legible = properties.filter(({ kind, size }) => kind === "public" && size > 0 && size <= pieceSize);
  for (const some of bySize(legible)) {
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

/** Properties in parts whose values are in memory at once. */
function* bySize(properties: readonly PropertyTable[]): Generator<PropertyTable[]> {
  let part: PropertyTable[] = [];
  let size = 0;
  for (const property of properties) {
    part.push(property);
    size += property.size;
    if (size < bytesAtOnce) continue;
    yield part;
    part = [];
    size = 0;
  }
  if (part.length > 0) yield part;
}
