import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { longestPassword, shortestPassword } from "../../../../services/passwords.ts";
import { changeOwnPassword, type OwnAccount, ownAccount } from "../../../../services/web/account.ts";
import type { Admin } from "../../../../services/web/sessions.ts";
import { type Page, page } from "../../page.ts";
import { Field, Post } from "../../parts/form.tsx";
import { html } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { CurrentPassword, doOrShowAgain } from "./again.tsx";
import { removalPages } from "./removal.tsx";

const password = v.pipe(v.string(), v.maxLength(longestPassword));
const set = { path: "/account/password", need: "staff", action: "set web password" } as const;
const remove = { path: "/account/password/remove", action: "remove web password" } as const;

const removeTitle = "Remove the password";

export const passwordPages: readonly Page[] = [
  page({ method: "GET", ...set }, async ({ dependencies: { db }, visit, admin }) => {
    const account = await ownAccount(db, admin);
    return html(
      visit,
      { title: setTitle(account) },
      <SetForm visit={visit} admin={admin} account={account} />,
    );
  }),
  page(
    {
      method: "POST",
      ...set,
      form: v.object({ current: v.optional(password, ""), password, again: password }),
    },
    async ({ dependencies, visit, admin, form }) => {
      const account = await ownAccount(dependencies.db, admin);
      return doOrShowAgain({
        dependencies,
        visit,
        admin,
        action: set.action,
        title: setTitle(account),
        done: "password-set",
        async work() {
          if (form.password !== form.again)
            throw new Problem("bad-request", "the two new passwords differ; nothing was changed");
          await changeOwnPassword(dependencies.db, admin, form);
        },
        view: async () => <SetForm visit={visit} admin={admin} account={account} />,
      });
    },
  ),
  ...removalPages({
    ...remove,
    title: removeTitle,
    done: "password-removed",
    form: v.object({ current: v.optional(password, "") }),
    work: (db, admin, form) => changeOwnPassword(db, admin, { ...form, password: null }),
    View: RemoveForm,
  }),
];

function setTitle({ hasPassword }: OwnAccount): string {
  return hasPassword ? "Change the password" : "Set a password";
}

interface FormProps {
  readonly visit: Visit;
  readonly account: OwnAccount;
}

function SetForm({ visit, admin, account }: FormProps & { admin: Admin }) {
  const { hasPassword, isFresh } = account;
  const mayBeSet = hasPassword || isFresh;
  return (
    <div class="narrow">
      <Post visit={visit} action={set.path} class="card">
        {/* Whoever keeps passwords for the user learns whose this is. */}
        <input type="text" value={admin.userName} autocomplete="username" readonly hidden />
        <CurrentPassword account={account} />
        {mayBeSet && (
          <>
            <Field
              name="password"
              label="New password"
              type="password"
              required
              autocomplete="new-password"
              maxlength={longestPassword}
              hint={`At least ${shortestPassword} characters. Several words that you have used nowhere else are good; digits and signs are not asked for.`}
            />
            <Field
              name="again"
              label="New password again"
              type="password"
              required
              autocomplete="new-password"
              maxlength={longestPassword}
            />
            <p class="hint">Your other sessions end.</p>
            <p class="actions">
              <button type="submit">{setTitle(account)}</button>
            </p>
          </>
        )}
      </Post>
      <Back />
    </div>
  );
}

function RemoveForm({ visit, account }: FormProps) {
  const { hasPassword, hasKey } = account;
  return (
    <div class="narrow">
      {!hasPassword && <p>There is no password to remove.</p>}
      {hasPassword && !hasKey && (
        <p>You have no public key here, and without a password you could not sign in any more: it stays.</p>
      )}
      {hasPassword && hasKey && (
        <Post visit={visit} action={remove.path} class="card">
          <p>
            From then on nothing but your key signs you in: <code class="whole">pstore --web</code>. Your
            other sessions end.
          </p>
          <CurrentPassword account={account} />
          <button type="submit" class="danger">
            {removeTitle}
          </button>
        </Post>
      )}
      <Back />
    </div>
  );
}

function Back() {
  return (
    <p>
      <a href="/account">Back to your account</a>
    </p>
  );
}
