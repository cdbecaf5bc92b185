import type { Problem } from "@pstore/core/problem";
import { visibleLine } from "@pstore/core/visible";

export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status });
}

/** Problem details (RFC 9457) with one sentence for a person, and the id under which the server's log tells of the request. */
export function problemAnswer({ code, message, status, retryAfter }: Problem, requestId: string): Response {
  const details = {
    type: "about:blank",
    title: code.replaceAll("-", " "),
    status,
    code,
    // It may quote what the client called something.
    detail: visibleLine(message),
    requestId,
  };
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  // RFC 9110, section 11.6.1, asks for it with every 401.
  if (status === 401) headers["www-authenticate"] = 'Bearer realm="pstore"';
  // What is left of the request would be taken for the next one's beginning (RFC 9110, section 15.5.9).
  if (status === 408) headers["connection"] = "close";
  if (retryAfter !== null) headers["retry-after"] = String(retryAfter);
  return new Response(JSON.stringify(details), { status, headers });
}
