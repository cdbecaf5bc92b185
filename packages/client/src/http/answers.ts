import { ProblemDetails } from "@pstore/core/api/schemas";
import { isServerCode, Problem } from "@pstore/core/problem";
import * as v from "valibot";
import type { Answer } from "./transport.ts";

/** The JSON of an answer that is a success. @throws Problem what it says, when it is none */
export function succeeded(answer: Answer): unknown {
  if (answer.status < 200 || answer.status > 299) throw problemOf(answer);
  return answer.json;
}

/** What an answer says that is no success. */
export function problemOf({ status, json, url }: Answer): Problem {
  const problem = v.safeParse(ProblemDetails, json);
  if (problem.success) {
    const { code, detail } = problem.output;
    return new Problem(isServerCode(code) ? code : "bad-request", detail);
  }
  return new Problem(
    "unavailable",
    `could not use ${url}: it answered ${status}, but not as a pstore server does; check --store-url`,
  );
}

/** @throws Problem `unavailable` when it is not as the schema says */
export function checked<S extends v.GenericSchema>(json: unknown, schema: S, url: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) throw malformed(url);
  return parsed.output;
}

export function malformed(url: string): Problem {
  return new Problem(
    "unavailable",
    `could not use ${url}: it does not answer as a pstore server does; check --store-url, and that client and server are of fitting versions`,
  );
}
