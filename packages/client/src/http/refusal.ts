import { isServerCode } from "@pstore/core/problem";
import { jsonOf } from "./body.ts";
import { type Again, Failure } from "./failure.ts";
import { retryAfterOf } from "./retry-after.ts";

/** What an answer of 429 or 5xx means. A server of ours says by Retry-After whether it helps to ask again. */
export async function refusalOf(answer: Response, url: string): Promise<Failure> {
  const { status, headers } = answer;
  const retryAfter = retryAfterOf(headers);
  const { code, detail } = await problemOf(answer, url);
  const again = againAfter(status, isServerCode(code) && retryAfter === null);
  const said = typeof detail === "string" ? detail.slice(0, 300) : null;
  if (status !== 429) {
    const what = `could not use ${url}: it answered ${status}${said === null ? "" : ` (${said})`}`;
    return new Failure({ what, again, retryAfter });
  }
  const what = said ?? `could not use ${url}: it answered 429, as it has too many requests`;
  return new Failure({ code: "too-many-requests", what, again, retryAfter });
}

function againAfter(status: number, isLasting: boolean): Again {
  // 502 and 504 come from what stands in front of the server (RFC 9110, sections 15.6.3 to 15.6.5).
  return [429, 502, 503, 504].includes(status) && !isLasting ? "away" : "no";
}

async function problemOf(answer: Response, url: string): Promise<{ code?: unknown; detail?: unknown }> {
  try {
    return ((await jsonOf(answer, url)) ?? {}) as { code?: unknown; detail?: unknown };
  } catch {
    return {};
  }
}
