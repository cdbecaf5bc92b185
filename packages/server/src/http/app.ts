import { apiPath } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import { type Context, Hono } from "hono";
import { problemAnswer } from "./api/answers.ts";
import { addApi } from "./api/api.ts";
import type { Dependencies, Env } from "./dependencies.ts";
import { shownProblem } from "./failure.ts";
import { addHealth } from "./health.ts";
import { observed } from "./observed.ts";
import { addPages, problemPage } from "./web/site.tsx";

export type { Dependencies } from "./dependencies.ts";

/** The whole server as a function of requests: `app.fetch(request, { address })`. It opens no port. */
export function createApp(dependencies: Dependencies): Hono<Env> {
  const app = new Hono<Env>();
  app.use(observed(dependencies.observer, dependencies.pace));
  app.use(async (context, next) => {
    await next();
    const { headers } = context.res;
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    headers.set("x-content-type-options", "nosniff");
  });
  app.use(async ({ req }, next) => {
    // RFC 9112, section 3.2: a `Host` that names none is answered 400. The URL that Bun makes of it is none.
    if (!URL.canParse(req.url)) {
      throw new Problem(
        "bad-request",
        "the request's Host header names no host; what stands between client and server may have changed it",
      );
    }
    await next();
  });
  app.use(async ({ req, env }, next) => {
    // Whoever asks whether the server works is told that it does: else a busy one would be taken out of service.
    if (req.path !== "/healthz" && req.path !== "/readyz")
      dependencies.requests.countAddress(env?.address ?? "");
    await next();
  });
  addApi(app, dependencies);
  addHealth(app, dependencies.readiness);
  addPages(app, dependencies);
  const answer = (context: Context<Env>, error: unknown) => {
    const { path } = context.req;
    const { id } = context.get("facts");
    const problem = shownProblem(dependencies, error, id);
    return isApi(path) ? problemAnswer(problem, id) : problemPage(dependencies, problem, path);
  };
  app.notFound((context) =>
    answer(
      context,
      new Problem(
        "not-found",
        isApi(context.req.path)
          ? "there is nothing at this URL; the client and the server may be of different versions"
          : "there is no such page here",
      ),
    ),
  );
  app.onError((error, context) => answer(context, error));
  return app;
}

function isApi(path: string): boolean {
  return path === apiPath || path.startsWith("/api/");
}
