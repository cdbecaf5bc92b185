import * as v from "valibot";
import { type OwnAccount, ownAccount } from "../../../../services/web/account.ts";
import {
  type Admin,
  endOwnSession,
  endOwnSessions,
  type ListedSession,
  ownSessions,
} from "../../../../services/web/sessions.ts";
import { type Page, page } from "../../page.ts";
import { Post } from "../../parts/form.tsx";
import { Table } from "../../parts/table.tsx";
import { Badge, Facts, Time } from "../../parts/text.tsx";
import { html, redirect } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { signedOut } from "../sign-in/by-password.tsx";
import { userPath } from "../users/paths.ts";
import { passwordPages } from "./password.tsx";
import { totpPages } from "./second-factor.tsx";

export const accountPages: readonly Page[] = [
  page(
    { method: "GET", path: "/account", need: "staff", action: "store" },
    async ({ dependencies: { db }, visit, admin }) => {
      const account = await ownAccount(db, admin);
      const sessions = await ownSessions(db, admin);
      return html(
        visit,
        { title: "Your account" },
        <>
          <Who admin={admin} account={account} />
          <WaysIn admin={admin} account={account} />
          <Sessions visit={visit} sessions={sessions} />
        </>,
      );
    },
  ),
  page(
    {
      method: "POST",
      path: "/account/sessions/end",
      need: "staff",
      action: "web sign out",
      form: v.object({ session: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
    },
    async ({ dependencies: { db, loginRules }, admin, form }) => {
      await endOwnSession(db, admin, form.session);
      if (form.session === admin.sessionDigest) return signedOut(loginRules().origins, "signed-out");
      return redirect("/account", "session-ended");
    },
  ),
  page(
    { method: "POST", path: "/account/sign-out-everywhere", need: "staff", action: "web sign out" },
    async ({ dependencies: { db, loginRules }, admin }) => {
      await endOwnSessions(db, admin);
      return signedOut(loginRules().origins, "signed-out-everywhere");
    },
  ),
  ...passwordPages,
  ...totpPages,
];

function Who({ admin, account }: { admin: Admin; account: OwnAccount }) {
  const roles = [
    "staff: looks at users, public keys and health",
    ...(admin.superuser ? ["superuser: looks at everything here, and may change it"] : []),
    ...(admin.seesAll && !admin.superuser
      ? ["view-any: looks at the names of every object, and at the log"]
      : []),
  ];
  return (
    <section class="card">
      <Facts
        rows={[
          ["Name", admin.userName],
          ["Full name", account.fullName || "none"],
          ["E-mail address", account.email || "none"],
          [
            "Roles",
            <ul>
              {roles.map((role) => (
                <li>{role}</li>
              ))}
            </ul>,
          ],
          ["Signed in", wayText(admin.way)],
        ]}
      />
    </section>
  );
}

function wayText(way: Admin["way"]): string {
  return way === "key" ? "with a key" : "with the password";
}

function WaysIn({ admin, account }: { admin: Admin; account: OwnAccount }) {
  const { hasPassword, hasTotp } = account;
  return (
    <section>
      <h2>Ways to sign in</h2>
      <div class="grid">
        <div class="card">
          <h3>Your key</h3>
          <p>
            {account.hasKey ? (
              <>
                <code class="whole">pstore --web</code> on your own machine signs you in. It asks neither for
                the password nor for a code.
              </>
            ) : (
              <>
                You have no public key here, so nothing but the password signs you in.{" "}
                {admin.superuser && <a href={userPath(admin.userName, "/keys/add")}>Add a key</a>}
              </>
            )}
          </p>
        </div>
        <div class="card">
          <h3>Password</h3>
          <p>
            {hasPassword
              ? "A password is set. It is for these pages alone, and opens no value."
              : "No password is set: nobody can sign in as you by guessing one."}
          </p>
          <p class="actions">
            <a class="button second" href="/account/password">
              {hasPassword ? "Change the password" : "Set a password"}
            </a>
            {hasPassword && (
              <a class="button second" href="/account/password/remove">
                Remove the password
              </a>
            )}
          </p>
        </div>
        <div class="card">
          <h3>Second factor</h3>
          <p>
            {hasTotp
              ? "On: with the password, a code from your app is asked for."
              : hasPassword
                ? "Off: the password alone signs you in."
                : "Off: without a password there is nothing to add it to."}
          </p>
          {(hasTotp || hasPassword) && (
            <p class="actions">
              <a class="button second" href={hasTotp ? "/account/totp/remove" : "/account/totp"}>
                {hasTotp ? "Remove the second factor" : "Set up a second factor"}
              </a>
            </p>
          )}
        </div>
      </div>
    </section>
  );
}

function Sessions({ visit, sessions }: { visit: Visit; sessions: readonly ListedSession[] }) {
  return (
    <section>
      <h2>Your sessions</h2>
      <Table
        caption="Where you are signed in"
        columns={["Browser", "Address", "Signed in", "Last seen", "End"]}
        empty="There are none."
        rows={sessions.map((session) => [
          <>
            {session.agent || "unknown"} {session.isThis && <Badge kind="good">this one</Badge>}
          </>,
          <span class="whole">{session.address}</span>,
          <>
            <Time value={session.created} /> {wayText(session.way)}
          </>,
          <Time value={session.seen} />,
          <Post visit={visit} action="/account/sessions/end">
            <input type="hidden" name="session" value={session.digest} />
            <button type="submit" class="second">
              End<span class="unseen"> the session from {session.address}</span>
            </button>
          </Post>,
        ])}
      />
      <Post visit={visit} action="/account/sign-out-everywhere">
        <button type="submit" class="danger">
          Sign out everywhere
        </button>
        <p class="hint">Ends all of these sessions, this one too.</p>
      </Post>
    </section>
  );
}
