import { followWebLink } from "../../../services/web/links.ts";
import { Cookies, sessionCookie } from "../cookies.ts";
import { type Page, page } from "../page.ts";
import { Post } from "../parts/form.tsx";
import { html, redirect } from "../reply.tsx";

const path = "/sign-in/link/:token";

/** Where the links of `pstore --web` lead. */
export const linkPages: readonly Page[] = [
  // Whatever looks at links before a person does (a preview, a scanner) uses none up, and learns nothing of it.
  page({ method: "GET", path, need: "anyone", action: "web sign in" }, async ({ visit }) =>
    html(
      visit,
      { title: "Sign in" },
      <>
        <p>
          You have asked for this page with <code>pstore --web</code>. The link is good once, for two minutes.
        </p>
        <Post visit={visit} action={visit.url.path}>
          <button type="submit">Sign in</button>
        </Post>
      </>,
    ),
  ),
  page(
    { method: "POST", path, need: "anyone", action: "web sign in", signsIn: true },
    async ({ dependencies, request, address, path: { token = "" }, visit }) => {
      const sessionToken = await followWebLink(dependencies.db, token, {
        address,
        agent: request.headers.get("user-agent") ?? "",
        sessionDigest: visit.admin?.sessionDigest ?? null,
      });
      const answer = redirect("/");
      const cookies = new Cookies(dependencies.loginRules().origins);
      answer.headers.set("set-cookie", cookies.set(sessionCookie, sessionToken, null));
      return answer;
    },
  ),
];
