import { SearchAnswer, SearchRequest } from "@pstore/core/api/schemas";
import { search } from "../../../services/search.ts";
import { json } from "../answers.ts";
import { type Route, route } from "../route.ts";

export const searchRoutes: readonly Route[] = [
  route(
    {
      method: "POST",
      path: "/search",
      summary:
        "The properties whose name holds a text, or whose public value does, or both, whatever the case",
      action: "search",
      session: true,
      body: SearchRequest,
      answer: SearchAnswer,
    },
    async ({ dependencies: { db }, caller, body: { key = "", value = "", all } }) =>
      json(await search(db, caller, { key, value, all })),
  ),
];
