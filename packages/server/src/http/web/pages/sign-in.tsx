import * as v from "valibot";
import { type Page, page } from "../page.ts";
import { html } from "../reply.tsx";

export const signInPages: readonly Page[] = [
  page(
    {
      method: "GET",
      path: "/sign-in",
      need: "anyone",
      action: "sign in",
      query: v.object({ next: v.optional(v.string()) }),
    },
    async ({ visit }) => html(visit, { title: "Sign in" }, <p>Not yet.</p>),
  ),
];
