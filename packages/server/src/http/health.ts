import type { Hono } from "hono";
import type { Readiness } from "../services/readiness.ts";
import type { Env } from "./dependencies.ts";

/** What is asked by whoever sends requests to one of several servers, or starts one again that does not answer. */
export function addHealth(app: Hono<Env>, readiness: Readiness): void {
  app.get("/healthz", () => plain("ok"));
  app.get("/readyz", async () => {
    const why = await readiness.whyNot();
    return why === null ? plain("ok") : plain(why, 503);
  });
}

function plain(line: string, status = 200): Response {
  return new Response(`${line}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
