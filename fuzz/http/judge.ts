// What must hold of every answer, whatever was asked.
import { ProblemDetails } from "@pstore/core/api/schemas";
import { problems } from "@pstore/core/problem";
import * as v from "valibot";
import { markup } from "../mutate/text.ts";
import type { Answer } from "./connection.ts";
import type { WireRequest } from "./request.ts";

/** In milliseconds. */
export const longestAnswer = 1000;

/** @returns what is wrong with an answer of the API; `null`: nothing */
export function faultOfApiAnswer(request: WireRequest, answer: Answer): string | null {
  // What is wrong in the path may lead out of the API.
  if (!/^(?:http:\/\/[^/]*)?\/api\//.test(request.target)) return faultOfPage(request, answer);
  const common = faultOfAnswer(request, answer);
  if (common !== null || isBare(request, answer)) return common;
  const { status, headers } = answer;
  const type = headers.get("content-type") ?? "";
  if (status < 400 || request.method === "HEAD") return null;
  if (!type.startsWith("application/problem+json"))
    return `${status} as ${type || "nothing"}, not as problem details`;
  return faultOfProblem(answer);
}

/** @returns what is wrong with problem details; `null`: nothing */
export function faultOfProblem({ status, headers, body }: Answer): string | null {
  const parsed = v.safeParse(ProblemDetails, jsonOf(body));
  if (!parsed.success) return `problem details that cannot be read: ${body.toString("utf8", 0, 300)}`;
  const { code, detail, status: told } = parsed.output;
  const expected = Object.hasOwn(problems, code) ? problems[code as keyof typeof problems] : undefined;
  if (expected !== status || told !== status) return `'${code}' told as ${told}, answered ${status}`;
  if (detail === "" || /[\0-\x1f\x7f]/.test(detail))
    return `a sentence nobody can read: ${JSON.stringify(detail)}`;
  if (status === 401 && !headers.has("www-authenticate")) return "401 without WWW-Authenticate";
  return null;
}

/** @returns what is wrong with a page of the web admin; `null`: nothing */
export function faultOfPage(request: WireRequest, answer: Answer): string | null {
  const common = faultOfAnswer(request, answer);
  if (common !== null || isBare(request, answer)) return common;
  const { status, headers, body } = answer;
  if (status === 303) {
    const location = headers.get("location") ?? "";
    return /^\/(?![/\\])[\x21-\x7e]*$/.test(location) ? null : `a redirect to ${JSON.stringify(location)}`;
  }
  const type = headers.get("content-type") ?? "";
  if (!/^(?:text\/(?:html|csv|css|javascript|plain)|image\/svg|application\/problem\+json)/.test(type))
    return `a page as ${type || "nothing"}`;
  if (!type.startsWith("text/html")) return null;
  if (!headers.has("content-security-policy")) return "a page without a Content-Security-Policy";
  // As far as the first character that must be escaped.
  return body.includes(markup.slice(0, 10)) ? "a page with unescaped markup" : null;
}

function faultOfAnswer(request: WireRequest, answer: Answer): string | null {
  const { isBroken, method } = request;
  const { status, headers, surplus } = answer;
  if (status === -1) return "no answer at all";
  // Where HTTP itself is broken, a closed connection is an answer.
  if (status === 0 && (isBroken || !isUsualMethod(method))) return null;
  if (status === 0) return "the connection closed instead of an answer";
  if (status >= 500 && !isBare(request, answer) && !(status === 503 && headers.has("retry-after")))
    return `${status}: ${answer.body.toString("utf8", 0, 300)}`;
  if (surplus > 0 && !isBroken) return `${surplus} octets behind the answer`;
  return null;
}

/** What Bun answers by itself, before the request comes to our own code: 505 is to a request line that it cannot read. */
function isBare({ isBroken, headers, target, method }: WireRequest, { status, body }: Answer): boolean {
  const isBig = target.length > 10_000 || headers.some(([, value]) => value.length > 3000);
  return (
    body.length === 0 &&
    [0, 400, 413, 414, 431, 501, 505].includes(status) &&
    (isBroken || isBig || !isUsualMethod(method))
  );
}

/** Bun closes the connection on any other. */
function isUsualMethod(method: string): boolean {
  return /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method);
}

export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
