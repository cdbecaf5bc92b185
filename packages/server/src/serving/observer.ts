import type { RequestObserver } from "../http/request-observer.ts";
import type { Log } from "../log/log.ts";
import type { RequestMetrics } from "../metrics/requests.ts";
import type { ServeConfig } from "./config.ts";

/** Counts requests, and writes those to the log that are to be there. */
export function observerOf(
  metrics: RequestMetrics,
  { logRequests }: Pick<ServeConfig, "logRequests">,
  log: Log,
): RequestObserver {
  return {
    begun: () => metrics.begun(),
    uploaded: (bytes) => metrics.uploaded(bytes),
    finished(request) {
      metrics.finished(request);
      if (logRequests === "all" || (logRequests === "errors" && request.status >= 400)) log.request(request);
    },
  };
}
