import { apiPath } from "@pstore/core/api/schemas";
import { printable } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import type { Context, Hono } from "hono";
import { record } from "../../services/audit.ts";
import { type Caller, callerOf } from "../../services/sessions.ts";
import { maxStrangersJsonSize, readJson } from "../body.ts";
import type { Dependencies, Env } from "../dependencies.ts";
import { json } from "./answers.ts";
import { openapi } from "./openapi.ts";
import { check, type Route, readQuery } from "./route.ts";
import { routes } from "./routes/all.ts";

/** Answers the requests of pstore clients, below the API's path. */
export function addApi(app: Hono<Env>, dependencies: Dependencies): void {
  for (const route of routes) {
    app.on(route.method, `${apiPath}${route.path}`, (context) => answer(dependencies, route, context));
  }
  const description = openapi(routes, dependencies.version);
  app.get(`${apiPath}/openapi.json`, () => json(description));
}

async function answer(dependencies: Dependencies, route: Route, context: Context<Env>): Promise<Response> {
  const { req } = context;
  const address = context.env?.address ?? "";
  const token = /^Bearer ([A-Za-z0-9_-]{1,200})$/.exec(req.header("authorization") ?? "")?.[1] ?? null;
  const { db, limits, pace, requests } = dependencies;
  const whoNow = async () => (route.session ? await callerOf(db, token, address) : null);
  let caller = await whoNow();
  context.get("facts").user = caller?.userName ?? "";
  if (caller !== null) await requests.countUser(db, caller.userId, { actor: caller, action: route.action });
  let query: unknown;
  try {
    const path: Record<string, string> = {};
    for (const [name, schema] of Object.entries(route.pathParameters ?? {})) {
      check(schema, req.param(name), `the '${name}' in the URL`);
      path[name] = req.param(name) ?? "";
    }
    query = route.query && readQuery(route.query, new URL(req.url).searchParams);
    let body: unknown;
    if (route.body !== undefined) {
      const most = caller === null ? maxStrangersJsonSize : (route.maxBodySize ?? limits.maxRequestSize);
      const maxSize = Math.min(most, limits.maxRequestSize);
      body = check(route.body, await readJson(req.raw, { maxSize, pace }), "the request");
      // A body may take minutes to come, whose session has ended meanwhile.
      caller = await whoNow();
    }
    return await route.handle({ dependencies, request: req.raw, address, path, query, body, caller, token });
  } catch (error) {
    if (caller !== null && error instanceof Problem) {
      requests.countRefusal(caller.userId, error.code);
      await recordRefusal(dependencies, route, caller, query, error);
    }
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
