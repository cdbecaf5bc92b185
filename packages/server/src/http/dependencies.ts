import type { BackgroundCheck } from "../services/check/background.ts";
import type { KeptHistory, StoreContext } from "../services/context.ts";
import type { RequestLimits } from "../services/limits/requests.ts";
import type { SizeLimits } from "../services/limits/sizes.ts";
import type { Readiness } from "../services/readiness.ts";
import type { LoginRules } from "../services/sessions.ts";
import type { Pace } from "./pace.ts";
import type { RequestFacts, RequestObserver } from "./request-observer.ts";

/** What routes and pages need of the program that runs them. */
export interface Dependencies extends StoreContext, KeptHistory {
  readonly version: string;
  /** Asked at each login: without a public URL the origins depend on the port, which is known only once it is open. */
  readonly loginRules: () => LoginRules;
  /** The consistency check that a page begins. */
  readonly checks: BackgroundCheck;
  /** Whether this server has a mail server to send through. */
  readonly sendsMail: boolean;
  readonly limits: SizeLimits;
  readonly requests: RequestLimits;
  /** How slow a client may be. */
  readonly pace: Pace;
  readonly readiness: Readiness;
  readonly observer: RequestObserver;
  /** A text for whoever runs the server, with the id of the request that it is about. */
  readonly log: (text: string, request?: string) => void;
}

/** What the program that serves the app gives beside a request. */
export interface Bindings {
  /** Of the client's end of the connection. */
  readonly address: string;
  /** As a proxy that is trusted has named the request. */
  readonly requestId?: string | null;
}

export interface Env {
  Bindings: Bindings;
  Variables: { facts: RequestFacts };
}
