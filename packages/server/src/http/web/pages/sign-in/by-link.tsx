import { Problem } from "@pstore/core/problem";
import { followWebLink } from "../../../../services/web/links.ts";
import { Cookies, sessionCookie } from "../../cookies.ts";
import { type Page, page } from "../../page.ts";
import { Post } from "../../parts/form.tsx";
import { Notice, sentence } from "../../parts/text.tsx";
import { html, redirect } from "../../reply.tsx";

const path = "/sign-in/link/:token";

/** Where the links of `pstore --web` lead. */
export const linkPages: readonly Page[] = [
  // Whatever looks at links before a person does (a preview, a scanner) uses none up, and learns nothing of it.
  page({ method: "GET", path, need: "anyone", action: "web sign in" }, async ({ visit }) =>
    html(
      visit,
      { title: "Sign in" },
      <div class="narrow">
        <Post visit={visit} action={visit.url.path} class="card">
          <p>
            You have asked for this page with <code>pstore --web</code>. It signs you in once, within two
            minutes.
          </p>
          <button type="submit" autofocus>
            Sign in
          </button>
        </Post>
      </div>,
    ),
  ),
  page(
    { method: "POST", path, need: "anyone", action: "web sign in", signsIn: true },
    async ({ dependencies, request, address, path: { token = "" }, visit }) => {
      try {
        const sessionToken = await followWebLink(dependencies, token, {
          address,
          agent: request.headers.get("user-agent") ?? "",
          sessionDigest: visit.admin?.sessionDigest ?? null,
        });
        const answer = redirect("/");
        const cookies = new Cookies(dependencies.loginRules().origins);
        answer.headers.append("set-cookie", cookies.set(sessionCookie, sessionToken, null));
        return answer;
      } catch (error) {
        // It is in the log already, and not as a deed of whoever is signed in in this browser.
        if (!(error instanceof Problem)) throw error;
        return html(
          visit,
          { title: "Sign in", status: error.status },
          <div class="narrow">
            <Notice kind="bad">
              <p>{sentence(error.message)}</p>
            </Notice>
            <p>
              Or <a href="/sign-in">sign in with a password</a>.
            </p>
          </div>,
        );
      }
    },
  ),
];
