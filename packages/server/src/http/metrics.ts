import { Hono } from "hono";
import { exposition, expositionType, type Family } from "../metrics/family.ts";
import type { Readiness } from "../services/readiness.ts";
import type { Env } from "./dependencies.ts";
import { addHealth } from "./health.ts";

/** What is listened for at an address of its own: figures for whoever watches the server, and nobody else. */
export function createMetricsApp(families: readonly Family[], readiness: Readiness): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    await next();
    context.res.headers.set("cache-control", "no-store");
  });
  app.get("/metrics", async () => {
    const text = await exposition(families);
    return new Response(text, { headers: { "content-type": expositionType } });
  });
  addHealth(app, readiness);
  app.notFound(() => new Response("there is /metrics here, /healthz and /readyz\n", { status: 404 }));
  return app;
}
