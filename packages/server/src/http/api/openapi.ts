import { apiPath, ProblemDetails } from "@pstore/core/api/schemas";
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { isList, type Route } from "./route.ts";

function schemaOf(schema: v.GenericSchema<unknown, unknown>): object {
  // What JSON Schema cannot say (a guard, a transformation) is left out: it describes, the server checks.
  const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: "ignore", typeMode: "input" });
  return rest;
}

/** The OpenAPI 3.1 document of the API, made from the same table that mounts it. */
export function openapi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "pstore",
      version,
      description:
        "Errors are problem details (RFC 9457) with one of the codes in `code` and a sentence for a person in `detail`.",
    },
    servers: [{ url: apiPath }],
    paths,
    components: { securitySchemes: { session: { type: "http", scheme: "bearer" } } },
  };
}

function operation(route: Route): object {
  const parameters = [
    ...Object.entries(route.pathParameters ?? {}).map(([name, schema]) => ({
      name,
      in: "path",
      required: true,
      schema: schemaOf(schema),
    })),
    ...Object.entries(route.query?.entries ?? {}).map(([name, schema]) => ({
      name,
      in: "query",
      required: schema.type !== "optional" && !isList(schema),
      schema: schemaOf(schema as v.GenericSchema<unknown, unknown>),
    })),
  ];
  return {
    summary: route.summary,
    operationId: `${route.method.toLowerCase()}${route.path.replace(/[/:]+(\w)/g, (_, c: string) => c.toUpperCase())}`,
    ...(route.session ? { security: [{ session: [] }] } : {}),
    parameters,
    ...requestBody(route),
    responses: {
      ...answer(route),
      default: {
        description: "What went wrong",
        content: { "application/problem+json": { schema: schemaOf(ProblemDetails) } },
      },
    },
  };
}

function requestBody(route: Route): object {
  if (route.body !== undefined) {
    return {
      requestBody: { required: true, content: { "application/json": { schema: schemaOf(route.body) } } },
    };
  }
  if (route.method !== "PUT") return {};
  return {
    requestBody: {
      required: true,
      content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    },
  };
}

function answer(route: Route): object {
  if (route.answer === null) return { 204: { description: "Done" } };
  const [type, schema] =
    typeof route.answer === "string"
      ? [route.answer, { type: "string", format: "binary" }]
      : ["application/json", schemaOf(route.answer)];
  return { 200: { description: "The answer", content: { [type]: { schema } } } };
}
