import type { Problem } from "@pstore/core/problem";
import type { Child } from "hono/jsx";
import { Layout } from "./layout.tsx";
import type { notices, refusedNotices } from "./notices.ts";
import type { Visit } from "./visit.ts";

export interface Shown {
  readonly title: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A page, as HTML. */
export async function html(
  visit: Visit,
  { title, status = 200, headers = {} }: Shown,
  body: Child,
): Promise<Response> {
  const text = await (
    <Layout visit={visit} title={title}>
      {body}
    </Layout>
  ).toString();
  return new Response(`<!doctype html>${text}`, {
    status,
    headers: { "content-type": "text/html; charset=utf-8", ...headers },
  });
}

/** The headers that say when to try again, where a problem says it. */
export function retryHeaders({ retryAfter }: Problem): Record<string, string> {
  return retryAfter === null ? {} : { "retry-after": String(retryAfter) };
}

/**
 * Sends the browser to another page of ours, after a form was done.
 * @param path begins with one `/`; parameters may follow
 * @param done a code of notices.ts
 */
export function redirect(path: string, done?: keyof typeof notices | keyof typeof refusedNotices): Response {
  const mark = path.includes("?") ? "&" : "?";
  return new Response(null, {
    status: 303,
    headers: { location: done === undefined ? path : `${path}${mark}done=${done}` },
  });
}
