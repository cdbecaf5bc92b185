import { apiPath } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import { Hono } from "hono";
import { problemAnswer } from "./api/answers.ts";
import { addApi } from "./api/api.ts";
import type { Dependencies, Env } from "./dependencies.ts";
import { shownProblem } from "./failure.ts";
import { addPages, problemPage } from "./web/site.tsx";

export type { Dependencies } from "./dependencies.ts";

/** The whole server as a function of requests: `app.fetch(request, { address })`. It opens no port. */
export function createApp(dependencies: Dependencies): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    await next();
    const { headers } = context.res;
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    headers.set("x-content-type-options", "nosniff");
  });
  addApi(app, dependencies);
  app.get("/healthz", () => new Response("ok\n"));
  addPages(app, dependencies);
  const answer = (path: string, error: unknown) => {
    const problem = shownProblem(dependencies, error);
    return isApi(path) ? problemAnswer(problem) : problemPage(dependencies, problem, path);
  };
  app.notFound(({ req }) =>
    answer(
      req.path,
      new Problem(
        "not-found",
        isApi(req.path)
          ? "there is nothing at this URL; the client and the server may be of different versions"
          : "there is no such page here",
      ),
    ),
  );
  app.onError((error, { req }) => answer(req.path, error));
  return app;
}

function isApi(path: string): boolean {
  return path === apiPath || path.startsWith("/api/");
}
