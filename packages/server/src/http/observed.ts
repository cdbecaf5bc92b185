import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { countedAnswer } from "./counted-answer.ts";
import type { Env } from "./dependencies.ts";
import type { Pace } from "./pace.ts";
import type { RequestFacts, RequestObserver } from "./request-observer.ts";

/** Others are of whoever makes them up, without end. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);

/** Gives each request an id, and tells of it when the last byte of its answer is taken. It is to be the first of all. */
export function observed(observer: RequestObserver, pace: Pace): MiddlewareHandler<Env> {
  return async (context, next) => {
    const start = performance.now();
    const { req, env } = context;
    const facts: RequestFacts = { id: env?.requestId ?? randomUUID(), user: "" };
    context.set("facts", facts);
    observer.begun();
    const finished = (status: number, bytes: number) => {
      const route = routePath(context, -1);
      observer.finished({
        id: facts.id,
        method: methods.has(req.raw.method) ? req.raw.method : "other",
        route: route === "/*" ? "none" : route,
        status,
        seconds: (performance.now() - start) / 1000,
        bytes,
        user: facts.user,
        address: env?.address ?? "",
      });
    };
    try {
      await next();
    } catch (error) {
      finished(500, 0);
      throw error;
    }
    const { status, headers } = context.res;
    headers.set("x-request-id", facts.id);
    // Nobody takes the body of an answer to HEAD.
    if (req.raw.method === "HEAD") finished(status, 0);
    else {
      const answer = await countedAnswer(context.res, pace, (bytes) => finished(status, bytes));
      // Hono would put the headers of the one before into it, one by one.
      context.res = undefined;
      context.res = answer;
    }
  };
}
