import * as v from "valibot";
import { longestPassword } from "../../../../services/passwords.ts";
import { type OwnAccount, ownAccount, removeOwnTotp, setOwnTotp } from "../../../../services/web/account.ts";
import type { Admin } from "../../../../services/web/sessions.ts";
import { makeTotpSecret, secretPattern, totpUri } from "../../../../services/web/totp.ts";
import { text } from "../../form.ts";
import { type Page, page } from "../../page.ts";
import { Field, Post } from "../../parts/form.tsx";
import { html } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { CurrentPassword, doOrShowAgain } from "./again.tsx";
import { QrCode } from "./qr-code.tsx";
import { removalPages } from "./removal.tsx";

const set = { path: "/account/totp", need: "staff", action: "set totp" } as const;
const remove = { path: "/account/totp/remove", action: "remove totp" } as const;
const code = v.pipe(text, v.maxLength(20));

const removeTitle = "Remove the second factor";

export const totpPages: readonly Page[] = [
  page({ method: "GET", ...set }, async ({ dependencies, visit, admin }) => {
    const account = await ownAccount(dependencies.db, admin);
    const issuer = issuerOf(dependencies.loginRules().origins);
    const secret = makeTotpSecret();
    return html(visit, { title: setTitle }, <SetForm {...{ visit, admin, account, issuer, secret }} />);
  }),
  page(
    {
      method: "POST",
      ...set,
      form: v.object({
        current: v.optional(v.pipe(v.string(), v.maxLength(longestPassword)), ""),
        // It comes back from the page that made it: until a code confirms it, nothing is stored.
        secret: v.pipe(v.string(), v.regex(secretPattern)),
        code,
      }),
    },
    async ({ dependencies, visit, admin, form }) => {
      const account = await ownAccount(dependencies.db, admin);
      const issuer = issuerOf(dependencies.loginRules().origins);
      const { secret } = form;
      return doOrShowAgain({
        dependencies,
        visit,
        admin,
        action: set.action,
        title: setTitle,
        done: "totp-set",
        work: () => setOwnTotp(dependencies.db, admin, form),
        view: async () => <SetForm {...{ visit, admin, account, issuer, secret }} />,
      });
    },
  ),
  ...removalPages({
    ...remove,
    title: removeTitle,
    done: "totp-removed",
    form: v.object({ code: v.optional(code, "") }),
    work: (db, admin, form) => removeOwnTotp(db, admin, form.code),
    View: RemoveForm,
  }),
];

const setTitle = "Set up a second factor";

/** What an app calls this store: by its host, for who has accounts at several. */
function issuerOf([origin]: readonly string[]): string {
  return origin === undefined ? "pstore" : `pstore ${new URL(origin).host.replaceAll(":", " ")}`;
}

interface SetFormProps {
  readonly visit: Visit;
  readonly admin: Admin;
  readonly account: OwnAccount;
  readonly issuer: string;
  readonly secret: string;
}

function SetForm({ visit, admin, account, issuer, secret }: SetFormProps) {
  if (account.hasTotp || !account.hasPassword) {
    return (
      <>
        <p>
          {account.hasTotp
            ? "A second factor is set up already. Remove it first to set up another."
            : "A second factor is asked for with the password, and you have none."}
        </p>
        <Back />
      </>
    );
  }
  return (
    <div class="narrow">
      <p>
        Signing in with your password will also ask for a code, which an app on your phone shows. Signing in
        with your key (<code class="whole">pstore --web</code>) asks for none.
      </p>
      <Post visit={visit} action={set.path} class="card">
        <h2>1. Let the app read this</h2>
        <p>
          <QrCode
            text={totpUri(secret, { issuer, account: admin.userName })}
            label="The secret of the second factor, for an app that reads it with the camera"
          />
        </p>
        <p>
          Or type it into the app, as a key based on time: <code>{secret.match(/.{4}/g)?.join(" ")}</code>
        </p>
        <h2>2. Type what the app shows</h2>
        <input type="hidden" name="secret" value={secret} />
        <Field
          name="code"
          label="Code"
          required
          autocomplete="one-time-code"
          inputmode="numeric"
          maxlength={20}
          hint="The six digits that the app shows now."
        />
        <CurrentPassword account={account} />
        <p class="hint">
          Your other sessions end. If you lose the phone, sign in with your key and remove the second factor,
          or have whoever runs the server do it.
        </p>
        <p class="actions">
          <button type="submit">Switch it on</button>
        </p>
      </Post>
      <Back />
    </div>
  );
}

function RemoveForm({ visit, account: { hasTotp, isFresh } }: { visit: Visit; account: OwnAccount }) {
  return (
    <div class="narrow">
      {hasTotp ? (
        <Post visit={visit} action={remove.path} class="card">
          <p>From then on the password alone signs you in.</p>
          {!isFresh && (
            <Field
              name="code"
              label="Code"
              required
              autocomplete="one-time-code"
              inputmode="numeric"
              maxlength={20}
              hint="The six digits that your app shows now. Without the app, sign in with your key (pstore --web), and remove it then."
            />
          )}
          <button type="submit" class="danger">
            {removeTitle}
          </button>
        </Post>
      ) : (
        <p>No second factor is set up.</p>
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
