import { type Page, page } from "../page.ts";
import { html } from "../reply.tsx";

export const overviewPages: readonly Page[] = [
  page({ method: "GET", path: "/", need: "staff", action: "store" }, async ({ visit }) =>
    html(visit, { title: "Overview" }, <p>Welcome.</p>),
  ),
];
