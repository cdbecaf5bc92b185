// The API as it describes itself.
import { apiPath } from "@pstore/core/api/schemas";
import type { Schema } from "./sample.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface Operation {
  readonly method: string;
  /** With `{name}` for each parameter. */
  readonly path: string;
  readonly needsSession: boolean;
  readonly parameters: readonly Parameter[];
  /** What is sent; `null`: nothing. */
  readonly body: Content | null;
  /** By status, or `default`. */
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

interface Described {
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Operation["responses"];
}

/** Reads the document that a server serves: an endpoint that is new stands in it, and is fuzzed without another word. */
export async function readDescription(url: string): Promise<Operation[]> {
  return operationsOf((await (await fetch(`${url}${apiPath}/openapi.json`)).json()) as object);
}

export function operationsOf(document: object): Operation[] {
  const { paths } = document as { paths: Record<string, Record<string, Described>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, parameters = [], requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path: `${apiPath}${path}`,
      needsSession: security !== undefined,
      parameters,
      body: requestBody?.content ?? null,
      responses,
    })),
  );
}
