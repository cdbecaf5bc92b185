import type { BackgroundCheck } from "../services/check/background.ts";
import type { KeptHistory, StoreContext } from "../services/context.ts";
import type { RequestLimits } from "../services/limits/requests.ts";
import type { SizeLimits } from "../services/limits/sizes.ts";
import type { LoginRules } from "../services/sessions.ts";
import type { Pace } from "./pace.ts";

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
  /** One line for whoever runs the server. */
  readonly log: (line: string) => void;
}

/** What the program that serves the app gives beside a request. */
export interface Bindings {
  /** Of the client's end of the connection. */
  readonly address: string;
}

export interface Env {
  Bindings: Bindings;
}
