import type { Admin } from "../../services/web/sessions.ts";

/** What every page that is shown needs to know. */
export interface Visit {
  /** Who is signed in. */
  readonly admin: Admin | null;
  /** What each form of this session holds (see formToken); empty when nobody is signed in. */
  readonly formToken: string;
  /** The path of the page that is asked for, and its parameters. */
  readonly url: { readonly path: string; readonly search: string };
  /** What was just done, as a code of notices.ts. */
  readonly done: string | null;
  readonly version: string;
}
