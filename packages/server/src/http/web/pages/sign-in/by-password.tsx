import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { longestPassword } from "../../../../services/passwords.ts";
import { browserTime } from "../../../../services/web/known-browsers.ts";
import { endWebSession } from "../../../../services/web/sessions.ts";
import { webSignIn } from "../../../../services/web/sign-in.ts";
import { browserCookie, Cookies, sessionCookie } from "../../cookies.ts";
import { text } from "../../form.ts";
import { nextPath } from "../../next-path.ts";
import { type Page, page } from "../../page.ts";
import { Field, Post } from "../../parts/form.tsx";
import { Notice, sentence } from "../../parts/text.tsx";
import { html, redirect, retryHeaders } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";

const names = v.pipe(text, v.maxLength(150));

export const signInPages: readonly Page[] = [
  page(
    {
      method: "GET",
      path: "/sign-in",
      need: "anyone",
      action: "web sign in",
      query: v.object({ next: v.optional(v.string()) }),
    },
    async ({ visit, query }) => {
      const next = nextPath(query.next);
      if (visit.admin !== null) return redirect(next);
      return html(visit, { title: "Sign in" }, <SignInForm visit={visit} next={next} />);
    },
  ),
  page(
    {
      method: "POST",
      path: "/sign-in",
      need: "anyone",
      action: "web sign in",
      signsIn: true,
      form: v.object({
        name: names,
        password: v.pipe(v.string(), v.maxLength(longestPassword)),
        code: v.optional(v.pipe(text, v.maxLength(20)), ""),
        next: v.optional(v.string()),
      }),
    },
    async ({ dependencies, request, address, form, visit }) => {
      const { refusalTime, origins } = dependencies.loginRules();
      const cookies = new Cookies(origins);
      const next = nextPath(form.next);
      try {
        const signedIn = await webSignIn(dependencies, refusalTime, {
          ...form,
          address,
          agent: request.headers.get("user-agent") ?? "",
          browser: cookies.read(request, browserCookie),
          sessionDigest: visit.admin?.sessionDigest ?? null,
        });
        const answer = redirect(next);
        answer.headers.append("set-cookie", cookies.set(sessionCookie, signedIn.token, null));
        answer.headers.append("set-cookie", cookies.set(browserCookie, signedIn.browser, browserTime));
        return answer;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const shown = { title: "Sign in", status: error.status, headers: retryHeaders(error) };
        return html(visit, shown, <SignInForm visit={visit} next={next} name={form.name} problem={error} />);
      }
    },
  ),
  page(
    { method: "POST", path: "/sign-out", need: "staff", action: "web sign out" },
    async ({ dependencies, admin }) => {
      await endWebSession(dependencies.db, admin);
      return signedOut(dependencies.loginRules().origins, "signed-out");
    },
  ),
];

/** Sends a browser whose session has just ended to the sign-in. */
export function signedOut(
  origins: readonly string[],
  done: "signed-out" | "signed-out-everywhere",
): Response {
  const answer = redirect("/sign-in", done);
  answer.headers.append("set-cookie", new Cookies(origins).set(sessionCookie, "", 0));
  return answer;
}

interface SignInFormProps {
  readonly visit: Visit;
  readonly next: string;
  readonly name?: string;
  readonly problem?: Problem;
}

function SignInForm({ visit, next, name = "", problem }: SignInFormProps) {
  return (
    <div class="narrow">
      {problem !== undefined && (
        <Notice kind="bad">
          <p>{sentence(problem.message)}</p>
        </Notice>
      )}
      <Post visit={visit} action="/sign-in" class="card">
        <input type="hidden" name="next" value={next} />
        <Field
          name="name"
          label="Name"
          value={name}
          required
          autocomplete="username"
          maxlength={150}
          autofocus={name === ""}
        />
        <Field
          name="password"
          label="Password"
          type="password"
          required
          autocomplete="current-password"
          maxlength={longestPassword}
          autofocus={name !== ""}
        />
        <Field
          name="code"
          label="Code"
          autocomplete="one-time-code"
          inputmode="numeric"
          maxlength={20}
          hint="Only if you have set up a second factor: the six digits that your app shows now."
        />
        <button type="submit">Sign in</button>
      </Post>
      <p class="quiet">
        With your key and without a password: run <code class="whole">pstore --web</code> on your own machine.
        This sign-in is for the staff alone.
      </p>
    </div>
  );
}
