import { randomUUID } from "node:crypto";
import { apiPath } from "@pstore/core/api/schemas";
import { printable } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import { type Context, Hono } from "hono";
import { record } from "../services/audit.ts";
import { type Caller, callerOf } from "../services/sessions.ts";
import { json, problemAnswer } from "./answers.ts";
import { maxJsonSize, maxStrangersJsonSize, readJson } from "./body.ts";
import { openapi } from "./openapi.ts";
import { check, type Dependencies, type Route, readQuery } from "./route.ts";
import { routes } from "./routes/all.ts";

export type { Dependencies } from "./route.ts";

/** What the program that serves the app gives beside a request. */
export interface Bindings {
  /** Of the client's end of the connection. */
  readonly address: string;
}
type Env = { Bindings: Bindings };

/** The whole server as a function of requests: `app.fetch(request, { address })`. It opens no port. */
export function createApp(dependencies: Dependencies): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    await next();
    context.res.headers.set("cache-control", "no-store");
    context.res.headers.set("x-content-type-options", "nosniff");
  });
  for (const route of routes) {
    app.on(route.method, `${apiPath}${route.path}`, (context) => answer(dependencies, route, context));
  }
  const description = openapi(routes, dependencies.version);
  app.get(`${apiPath}/openapi.json`, () => json(description));
  app.get("/healthz", () => new Response("ok\n"));
  app.get(
    "/",
    () =>
      new Response(
        `This is a pstore server (${dependencies.version}). Use it with the pstore command: pstore --store-url=URL\nIts API is described at ${apiPath}/openapi.json\n`,
      ),
  );
  app.notFound(() =>
    problemAnswer(
      "not-found",
      "there is nothing at this URL; the client and the server may be of different versions",
    ),
  );
  app.onError((error) => failure(dependencies, error));
  return app;
}

function failure({ log }: Dependencies, error: unknown): Response {
  if (error instanceof Problem && error.code !== "internal-error") {
    return problemAnswer(error.code, error.message);
  }
  if (isDiskFull(error)) {
    log("the disk of the database is full: nothing can be stored before there is room");
    return problemAnswer("unavailable", "the disk of the store is full; tell whoever runs it");
  }
  const id = randomUUID();
  log(
    `request ${id}: ${error instanceof Error ? error.stack || error.message || error.name : String(error)}`,
  );
  return problemAnswer(
    "internal-error",
    `the server failed; its log says why under ${id}, so tell whoever runs it`,
  );
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "SQLITE_FULL" || code === "ENOSPC";
}

async function answer(dependencies: Dependencies, route: Route, context: Context<Env>): Promise<Response> {
  const { req } = context;
  const address = context.env?.address ?? "";
  const token = /^Bearer ([A-Za-z0-9_-]{1,200})$/.exec(req.header("authorization") ?? "")?.[1] ?? null;
  const caller = route.session ? await callerOf(dependencies.db, token, address) : null;
  let query: unknown;
  try {
    const path: Record<string, string> = {};
    for (const [name, schema] of Object.entries(route.pathParameters ?? {})) {
      check(schema, req.param(name), `the '${name}' in the URL`);
      path[name] = req.param(name) ?? "";
    }
    query = route.query && readQuery(route.query, new URL(req.url).searchParams);
    const body =
      route.body &&
      check(
        route.body,
        await readJson(req.raw, caller === null ? maxStrangersJsonSize : (route.maxBodySize ?? maxJsonSize)),
        "the request",
      );
    return await route.handle({ dependencies, request: req.raw, address, path, query, body, caller, token });
  } catch (error) {
    if (caller !== null && error instanceof Problem)
      await recordRefusal(dependencies, route, caller, query, error);
    throw error;
  }
}

async function recordRefusal(
  { db }: Dependencies,
  route: Route,
  caller: Caller,
  query: unknown,
  problem: Problem,
): Promise<void> {
  const refusal = { action: route.action, outcome: problem.code, detail: problem.message };
  await record(db, caller, [{ ...refusal, objectName: objectAsked(query) }]);
}

/** The name of the object that a request was about, where its parameters say: so that the log tells who tried it. */
function objectAsked(query: unknown): string {
  const { name } = (query ?? {}) as { name?: unknown };
  return typeof name === "string" && printable.test(name) ? name : "";
}
