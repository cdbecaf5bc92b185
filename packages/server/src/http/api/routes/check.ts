import { CheckAnswer } from "@pstore/core/api/schemas";
import { checkFor } from "../../../services/check/check.ts";
import { json } from "../answers.ts";
import { type Route, route } from "../route.ts";

export const checkRoutes: readonly Route[] = [
  route(
    {
      method: "GET",
      path: "/check",
      summary: "Every inconsistency of the store with its solution, for privileged users",
      action: "check",
      session: true,
      answer: CheckAnswer,
    },
    async ({ dependencies: { db, store }, caller }) => json(await checkFor(db, store, caller)),
  ),
];
