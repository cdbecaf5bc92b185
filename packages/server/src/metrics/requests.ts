import type { FinishedRequest } from "../finished-request.ts";
import { Counter } from "./counter.ts";
import { type Family, gauge } from "./family.ts";
import { Histogram } from "./histogram.ts";

/** In seconds: from an answer out of memory to a value of gigabytes. */
const durations = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What is counted of the requests to this process. Paths are counted as patterns: those themselves hold ids and names. */
export class RequestMetrics {
  readonly #requests = new Counter({
    name: "pstore_http_requests_total",
    help: "Requests that were answered, by route, method and status; 429 are those refused by limits.",
  });
  readonly #durations = new Histogram(
    {
      name: "pstore_http_request_duration_seconds",
      help: "How long requests took, until the last byte of the answer was taken.",
    },
    durations,
  );
  readonly #sent = new Counter({
    name: "pstore_http_response_bytes_total",
    help: "Bytes of the bodies of answers.",
  });
  readonly #uploaded = new Counter({
    name: "pstore_uploaded_bytes_total",
    help: "Bytes of large values that came in completely.",
  });
  #running = 0;

  readonly families: readonly Family[] = [
    this.#requests,
    this.#durations,
    this.#sent,
    this.#uploaded,
    gauge(
      { name: "pstore_http_requests_in_flight", help: "Requests that are not answered to the end." },
      () => this.#running,
    ),
  ];

  constructor() {
    // A rate can be made only of what was there before it changed.
    this.#sent.add({}, 0);
    this.#uploaded.add({}, 0);
  }

  begun(): void {
    this.#running++;
  }

  finished({ method, route, status, seconds, bytes }: FinishedRequest): void {
    this.#running--;
    this.#requests.add({ method, route, status: String(status) });
    this.#durations.observe({ method, route }, seconds);
    this.#sent.add({}, bytes);
  }

  uploaded(bytes: number): void {
    this.#uploaded.add({}, bytes);
  }
}
