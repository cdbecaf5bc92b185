import type * as v from "valibot";
import type { AuditAction } from "../../services/audit-actions.ts";
import type { Admin } from "../../services/web/sessions.ts";
import type { Dependencies } from "../dependencies.ts";
import type { FormSchema } from "./form.ts";
import type { Visit } from "./visit.ts";

/**
 * Who may call a page: anyone; the staff, who look at users, keys and health; of the staff a `viewer`, who has the right to
 * view any object, and so also the log; a superuser, who may change things (and is a viewer).
 */
export type Need = "anyone" | "staff" | "viewer" | "superuser";

/** A request as a page sees it: read and checked. */
export interface PageCall {
  readonly dependencies: Dependencies;
  readonly request: Request;
  /** Of the client's end of the connection. */
  readonly address: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly form: unknown;
  readonly visit: Visit;
}

/** One page, or what one form does. */
export interface Page {
  readonly method: "GET" | "POST";
  /** A parameter stands as `:name`. */
  readonly path: string;
  readonly need: Need;
  /** What the log calls it when it is refused. */
  readonly action: AuditAction;
  readonly query?: FormSchema;
  readonly form?: FormSchema;
  /** The largest form, in bytes; without it, that of any form. */
  readonly maxFormSize?: number;
  /**
   * It begins a session, whoever was signed in before: so its form holds nothing of theirs, and only `Origin` shows that
   * it is ours. (Where another site or a file led to the page, the browser showed it without the session's cookie.)
   */
  readonly signsIn?: true;
  handle(call: PageCall): Promise<Response>;
}

interface Definition<Q extends FormSchema, F extends FormSchema>
  extends Omit<Page, "handle" | "query" | "form"> {
  readonly query?: Q;
  readonly form?: F;
}

/** A call of a page whose schemas are known. */
export interface TypedPageCall<Q, F> extends Omit<PageCall, "query" | "form"> {
  readonly query: Q;
  readonly form: F;
  /** Who is signed in. @throws Error on a page for anyone, when nobody is */
  readonly admin: Admin;
}

/** Defines a page; its handler gets what its schemas promise. */
export function page<Q extends FormSchema, F extends FormSchema>(
  definition: Definition<Q, F>,
  handle: (call: TypedPageCall<v.InferOutput<Q>, v.InferOutput<F>>) => Promise<Response>,
): Page {
  return {
    ...definition,
    handle: (call) =>
      handle({
        ...call,
        query: call.query as v.InferOutput<Q>,
        form: call.form as v.InferOutput<F>,
        get admin(): Admin {
          if (call.visit.admin === null)
            throw new Error("nobody is signed in, and the page does not ask for it");
          return call.visit.admin;
        },
      }),
  };
}
