import { printable } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import type { AuditAction } from "../../services/audit-actions.ts";
import type { Caller } from "../../services/sessions.ts";
import type { Dependencies } from "../dependencies.ts";
import { holdsNul } from "../nul.ts";

/** A request as a route sees it: read, checked, and (where the route asks for it) with its caller. */
export interface Call {
  readonly dependencies: Dependencies;
  readonly request: Request;
  /** Of the client's end of the connection. */
  readonly address: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Caller | null;
  readonly token: string | null;
}

type Schema = v.GenericSchema<unknown, unknown>;

/** One endpoint: what it is, for the router and for the OpenAPI document alike. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the API's path; a parameter stands as `:name`. */
  readonly path: string;
  readonly summary: string;
  /** What the log calls it when it is refused. */
  readonly action: AuditAction;
  readonly session: boolean;
  readonly pathParameters?: Readonly<Record<string, Schema>>;
  readonly query?: QuerySchema;
  readonly body?: Schema;
  /** The largest body, in bytes; without it, that of any JSON. */
  readonly maxBodySize?: number;
  /** The schema of its JSON, or the media type of what else it answers; `null`: nothing. */
  readonly answer: Schema | string | null;
  handle(call: Call): Promise<Response>;
}

type QuerySchema = v.ObjectSchema<v.ObjectEntries, undefined>;

interface Definition<Q extends QuerySchema, B extends Schema, P extends string>
  extends Omit<Route, "handle" | "query" | "body" | "pathParameters"> {
  readonly pathParameters?: Readonly<Record<P, Schema>>;
  readonly query?: Q;
  readonly body?: B;
}

/** A call of a route whose schemas are known. */
export interface TypedCall<Q, B, P extends string> extends Omit<Call, "query" | "body" | "path" | "caller"> {
  readonly query: Q;
  readonly body: B;
  readonly path: Readonly<Record<P, string>>;
  /** @throws Problem `not-signed-in` on a route without a session */
  readonly caller: Caller;
}

/** Defines an endpoint; its handler gets what its schemas promise. */
export function route<Q extends QuerySchema, B extends Schema = v.UnknownSchema, P extends string = never>(
  definition: Definition<Q, B, P>,
  handle: (call: TypedCall<v.InferOutput<Q>, v.InferOutput<B>, P>) => Promise<Response>,
): Route {
  return {
    ...definition,
    handle: (call) =>
      handle({
        ...call,
        query: call.query as v.InferOutput<Q>,
        body: call.body as v.InferOutput<B>,
        path: call.path as Record<P, string>,
        get caller(): Caller {
          if (call.caller === null) throw new Problem("not-signed-in", "sign in first");
          return call.caller;
        },
      }),
  };
}

/** A query parameter that says yes with `1`. */
export const yes = v.optional(v.literal("1"));
/** A positive whole number in a query. */
export const number = v.pipe(v.string(), v.regex(/^[1-9]\d{0,14}$/), v.transform(Number));

/** Reads the parameters that a schema knows; an array takes a repeated one, anything else only one. */
export function readQuery(schema: QuerySchema, parameters: URLSearchParams): unknown {
  const raw: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(schema.entries)) {
    const given = parameters.getAll(name);
    if (isList(entry)) raw[name] = given;
    else if (given.length > 1)
      throw new Problem("bad-request", `the parameter '${name}' stands twice in the URL`);
    else if (given.length === 1) raw[name] = given[0];
  }
  return check(schema, raw, "the URL's parameters");
}

export function isList(entry: v.ObjectEntries[string]): boolean {
  return "item" in entry || ("pipe" in entry && Array.isArray(entry.pipe) && "item" in entry.pipe[0]);
}

/** @throws Problem `bad-request` with the place of the first thing that is wrong; never with its value */
export function check(schema: Schema, value: unknown, what: string): unknown {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) {
    if (!holdsNul(result.output)) return result.output;
    throw new Problem("bad-request", `${what} cannot be read: a NUL character stands in it; leave it out`);
  }
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  // What is one member too many has the name that the client gave it.
  const where = path !== null && path.length <= 100 && printable.test(path) ? path : null;
  throw new Problem(
    "bad-request",
    `${what} cannot be read: ${where === null ? "its form" : `'${where}'`} is not what it should be (${issue.type}); the client and the server may be of different versions`,
  );
}
