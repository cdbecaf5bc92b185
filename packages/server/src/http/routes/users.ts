import { Users } from "@pstore/core/api/schemas";
import * as v from "valibot";
import { record } from "../../services/audit.ts";
import { shownUsers } from "../../services/directory.ts";
import { json } from "../answers.ts";
import { type Route, route } from "../route.ts";

const list = v.pipe(v.array(v.pipe(v.string(), v.maxLength(150))), v.maxLength(1000));

export const userRoutes: readonly Route[] = [
  route(
    {
      method: "GET",
      path: "/users",
      summary: "The users named, with their current keys, and with the keys named even when removed",
      action: "list users",
      session: true,
      query: v.object({ name: list, key: list }),
      answer: Users,
    },
    async ({ dependencies: { db }, caller, query }) => {
      const users = await shownUsers(db, query.name, query.key);
      await record(db, caller, [{ action: "list users", detail: query.name.join(" ") }]);
      return json({ users } satisfies Users);
    },
  ),
];
