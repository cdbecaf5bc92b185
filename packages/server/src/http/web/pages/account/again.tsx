import { Problem } from "@pstore/core/problem";
import type { Child } from "hono/jsx";
import { type Deed, record } from "../../../../services/audit.ts";
import { longestPassword } from "../../../../services/passwords.ts";
import { freshTime, type OwnAccount } from "../../../../services/web/account.ts";
import type { Admin } from "../../../../services/web/sessions.ts";
import type { Dependencies } from "../../../dependencies.ts";
import { Field } from "../../parts/form.tsx";
import { Notice, sentence } from "../../parts/text.tsx";
import { html, redirect, retryHeaders } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";

interface Form {
  readonly dependencies: Dependencies;
  readonly visit: Visit;
  readonly admin: Admin;
  readonly action: Deed["action"];
  readonly title: string;
  /** What the account's page says once it is done: a code of notices.ts. */
  readonly done: string;
  readonly work: () => Promise<void>;
  readonly view: () => Promise<Child>;
}

/** Does what a form of one's account asks for; where that cannot be done, its page is shown again and says why. */
export async function doOrShowAgain({
  dependencies: { db },
  visit,
  admin,
  action,
  title,
  done,
  work,
  view,
}: Form): Promise<Response> {
  try {
    await work();
    return redirect("/account", done);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await record(db, admin, [{ action, outcome: error.code, detail: error.message }]);
    return html(
      visit,
      { title, status: error.status, headers: retryHeaders(error) },
      <>
        <Notice kind="bad">
          <p>{sentence(error.message)}</p>
        </Notice>
        {await view()}
      </>,
    );
  }
}

/** Asks for the password until now, unless a key has just shown who it is. */
export function CurrentPassword({ account: { isFresh, hasPassword } }: { account: OwnAccount }) {
  if (isFresh) {
    return (
      <p class="quiet">
        You have signed in with your key within the last {freshTime / 60} minutes, so your password is not
        asked for.
      </p>
    );
  }
  if (!hasPassword) {
    return (
      <Notice kind="warning">
        <p>
          There is no password yet to show that it is you. Sign in with your key (
          <code class="whole">pstore --web</code>), and do this within {freshTime / 60} minutes.
        </p>
      </Notice>
    );
  }
  return (
    <Field
      name="current"
      label="Current password"
      type="password"
      required
      autocomplete="current-password"
      maxlength={longestPassword}
    />
  );
}
