import { maxHave } from "@pstore/core/api/have";
import { Details, DetailsRequest, History, Kept, ObjectDetail, ObjectList } from "@pstore/core/api/schemas";
import { printable, uuidPattern } from "@pstore/core/names";
import * as v from "valibot";
import { showObjects } from "../../../services/details.ts";
import { history, keptValues } from "../../../services/history.ts";
import { listObjects, pageSize, type ShowOptions, showObject } from "../../../services/objects.ts";
import { readValue } from "../../../services/values.ts";
import { streamOf } from "../../stream.ts";
import { json } from "../answers.ts";
import { number, type Route, route, yes } from "../route.ts";

const name = v.pipe(v.string(), v.maxLength(255));
/** It is written to the log as it is. */
const property = v.pipe(name, v.regex(printable));
const id = v.pipe(v.string(), v.regex(uuidPattern));

const detailQuery = v.object({
  all: yes,
  deleted: yes,
  value: v.optional(name),
  keys: v.optional(v.picklist(["author", "members"])),
  user: v.pipe(v.array(v.pipe(v.string(), v.maxLength(150))), v.maxLength(1000)),
  have: v.pipe(v.array(v.pipe(v.string(), v.maxLength(100))), v.maxLength(maxHave)),
});

function detailOptions(query: v.InferOutput<typeof detailQuery>): ShowOptions {
  return {
    all: query.all === "1",
    deleted: query.deleted === "1",
    value: query.value ?? null,
    keys: query.keys ?? null,
    users: query.user,
    have: query.have,
  };
}

export const objectRoutes: readonly Route[] = [
  route(
    {
      method: "GET",
      path: "/objects",
      summary: "Objects whose name contains a text, by name; or one of exactly that name",
      action: "list",
      session: true,
      query: v.object({
        ...detailQuery.entries,
        q: v.optional(name),
        exact: yes,
        limit: v.optional(number),
        cursor: v.optional(v.pipe(v.string(), v.maxLength(400))),
      }),
      answer: ObjectList,
    },
    async ({ dependencies: { db }, caller, query }) =>
      json(
        await listObjects(db, caller, {
          ...detailOptions(query),
          text: query.q ?? "",
          exact: query.exact === "1",
          limit: query.limit ?? pageSize,
          cursor: query.cursor ?? null,
        }),
      ),
  ),
  route(
    {
      method: "GET",
      path: "/object",
      summary:
        "The object of a name at its newest revision; with deleted=1 the last deleted one, where none lives",
      action: "show",
      session: true,
      query: v.object({ ...detailQuery.entries, name }),
      answer: ObjectDetail,
    },
    async ({ dependencies: { db }, caller, query }) =>
      json(await showObject(db, caller, query.name, detailOptions(query))),
  ),
  route(
    {
      method: "POST",
      path: "/details",
      summary: "Several living objects by name at their newest revisions, and the users asked for once",
      action: "show",
      session: true,
      body: DetailsRequest,
      answer: Details,
    },
    async ({ dependencies: { db }, caller, body }) =>
      json(
        await showObjects(db, caller, body.names, {
          value: body.value ?? null,
          keys: body.keys ?? null,
          users: body.users,
          have: body.have,
        }),
      ),
  ),
  route(
    {
      method: "GET",
      path: "/objects/:id/history",
      summary: "Revisions of an object, deleted or not, in order",
      action: "history",
      session: true,
      pathParameters: { id },
      query: v.object({ from: v.optional(number), to: v.optional(number) }),
      answer: History,
    },
    async ({ dependencies: { db }, caller, query, path }) =>
      json(
        await history(db, caller, path.id, {
          from: query.from ?? 1,
          to: query.to ?? Number.MAX_SAFE_INTEGER,
        }),
      ),
  ),
  route(
    {
      method: "GET",
      path: "/objects/:id/kept",
      summary:
        "The values still stored of an object, deleted or not; of one property with the caller's wrapped keys",
      action: "kept",
      session: true,
      pathParameters: { id },
      query: v.object({ property: v.optional(property) }),
      answer: Kept,
    },
    async ({ dependencies: { db }, caller, query, path }) =>
      json(await keptValues(db, caller, path.id, query.property ?? null)),
  ),
  route(
    {
      method: "GET",
      path: "/objects/:id/value",
      summary:
        "A property's public value or body, as a revision of the object sealed it: the SHA-256 digests (32 bytes each) of its 1 MiB pieces, then the pieces",
      action: "read",
      session: true,
      pathParameters: { id },
      query: v.object({ property, revision: number }),
      answer: "application/octet-stream",
    },
    async ({ dependencies: { db, pace }, caller, query, path }) => {
      const { length, chunks } = await readValue(db, caller, { objectId: path.id, ...query });
      return new Response(streamOf(chunks, pace), {
        headers: { "content-type": "application/octet-stream", "content-length": String(length) },
      });
    },
  ),
];
