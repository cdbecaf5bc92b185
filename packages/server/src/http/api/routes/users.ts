import { Reads, UserNames, Users } from "@pstore/core/api/schemas";
import * as v from "valibot";
import { listUserNames, listUsers } from "../../../services/directory.ts";
import { listReads } from "../../../services/reads.ts";
import { json } from "../answers.ts";
import { type Route, route } from "../route.ts";

const userName = v.pipe(v.string(), v.maxLength(150));
const list = v.pipe(v.array(userName), v.maxLength(1000));

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
    async ({ dependencies: { db }, caller, query }) =>
      json(await listUsers(db, caller, query.name, query.key)),
  ),
  route(
    {
      method: "GET",
      path: "/user-names",
      summary: "The names of active users that contain a text",
      action: "list users",
      session: true,
      query: v.object({ q: v.optional(userName) }),
      answer: UserNames,
    },
    async ({ dependencies: { db }, caller, query }) => json(await listUserNames(db, caller, query.q ?? "")),
  ),
  route(
    {
      method: "GET",
      path: "/reads",
      summary:
        "The encrypted values that the log says a user has read, of the caller's objects; of all for privileged users",
      action: "list reads",
      session: true,
      query: v.object({ user: userName }),
      answer: Reads,
    },
    async ({ dependencies: { db }, caller, query }) => json(await listReads(db, caller, query.user)),
  ),
];
