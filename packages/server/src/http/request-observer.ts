import type { FinishedRequest } from "../finished-request.ts";

/** Who is told of requests. */
export interface RequestObserver {
  begun(): void;
  /** Whatever became of it: each that begins ends. */
  finished(request: FinishedRequest): void;
  /** A large value came in. */
  uploaded(bytes: number): void;
}

/** What is found out about a request on its way. */
export interface RequestFacts {
  readonly id: string;
  /** Who is signed in; empty as long as nobody is known to be. */
  user: string;
}
