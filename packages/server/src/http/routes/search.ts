import { SearchAnswer } from "@pstore/core/api/schemas";
import * as v from "valibot";
import { search } from "../../services/search.ts";
import { json } from "../answers.ts";
import { type Route, route, yes } from "../route.ts";

export const searchRoutes: readonly Route[] = [
  route(
    {
      method: "GET",
      path: "/search",
      summary:
        "The properties whose name holds a text, or whose public value does, or both, whatever the case",
      action: "search",
      session: true,
      query: v.object({
        key: v.optional(v.pipe(v.string(), v.maxLength(255))),
        value: v.optional(v.pipe(v.string(), v.maxLength(2000))),
        all: yes,
      }),
      answer: SearchAnswer,
    },
    async ({ dependencies: { db }, caller, query }) =>
      json(
        await search(db, caller, {
          key: query.key ?? "",
          value: query.value ?? "",
          all: query.all === "1",
        }),
      ),
  ),
];
