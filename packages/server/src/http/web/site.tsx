import { Problem } from "@pstore/core/problem";
import type { Context, Hono } from "hono";
import { record } from "../../services/audit.ts";
import { type Admin, adminOf, formToken, isFormToken } from "../../services/web/sessions.ts";
import type { Dependencies, Env } from "../dependencies.ts";
import { shownProblem } from "../failure.ts";
import { holdsNul } from "../nul.ts";
import { assetAnswer } from "./assets.ts";
import { Cookies, sessionCookie } from "./cookies.ts";
import { checkFields, maxFormSize, readForm } from "./form.ts";
import { pageHeaders } from "./headers.ts";
import { mayVisit, refusals } from "./needs.ts";
import { pathBefore } from "./next-path.ts";
import type { Page } from "./page.ts";
import { pages } from "./pages/all.ts";
import { withQuery } from "./parts/pager.tsx";
import { sentence } from "./parts/text.tsx";
import { html, redirect, retryHeaders } from "./reply.tsx";
import type { Visit } from "./visit.ts";

/** The web admin: everything that is no request of a pstore client. */
export function addPages(app: Hono<Env>, dependencies: Dependencies): void {
  for (const page of pages) {
    app.on(page.method, page.path, async (context) => withHeaders(await answer(dependencies, page, context)));
  }
  app.get("/assets/:name", ({ req }) => {
    const found = assetAnswer(req.param("name"));
    if (found === null) throw new Problem("not-found", "there is no such page here");
    return found;
  });
}

/** An error as a page, for whoever is not known. */
export async function problemPage(
  { version }: Dependencies,
  problem: Problem,
  path: string,
): Promise<Response> {
  const visit = { admin: null, formToken: "", url: { path, search: "" }, done: null, version };
  return withHeaders(await problemReply(visit, problem, "/"));
}

/** @param before the page that led here; `/` where that is the overview, or nobody knows */
async function problemReply(visit: Visit, problem: Problem, before: string): Promise<Response> {
  const { status, message } = problem;
  return await html(
    visit,
    { title: titles[status] ?? "This did not work", status, headers: retryHeaders(problem) },
    <>
      <p class="notice bad" role="alert">
        {sentence(message)}
      </p>
      <p class="actions">
        {before !== "/" && <a href={before}>Back</a>}
        <a href="/">To the overview</a>
      </p>
    </>,
  );
}

const titles: Readonly<Record<number, string>> = {
  403: "Not allowed",
  404: "Not found",
  408: "Too slow",
  413: "Too large",
  429: "Too many attempts",
  500: "The server failed",
  503: "Not available now",
};

function withHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(pageHeaders)) response.headers.set(name, value);
  return response;
}

async function answer(dependencies: Dependencies, page: Page, context: Context<Env>): Promise<Response> {
  const { req } = context;
  const address = context.env?.address ?? "";
  const token = new Cookies(dependencies.loginRules().origins).read(req.raw, sessionCookie);
  const whoNow = async () => (token === null ? null : await adminOf(dependencies.db, token, address));
  let admin = await whoNow();
  const url = new URL(req.url);
  const visitOf = (who: Admin | null): Visit => ({
    admin: who,
    formToken: who === null || token === null ? "" : formToken(token),
    url: { path: url.pathname, search: url.search },
    done: url.searchParams.get("done"),
    version: dependencies.version,
  });
  let visit = visitOf(admin);
  const facts = context.get("facts");
  facts.user = admin?.userName ?? "";
  const before = pathBefore(req.raw, dependencies.loginRules().origins);
  const toSignIn = () =>
    page.method === "GET"
      ? redirect(withQuery("/sign-in", { next: `${url.pathname}${url.search}` }))
      : redirect(withQuery("/sign-in", before === "/" ? {} : { next: before }), "not-signed-in");
  if (admin === null && page.need !== "anyone") return toSignIn();
  const { db, requests } = dependencies;
  if (admin !== null) await requests.countUser(db, admin.userId, { actor: admin, action: page.action });
  try {
    if (admin !== null) assertMayVisit(admin, page);
    let form: Record<string, unknown> | undefined;
    if (page.method === "POST") {
      form = await formOf(dependencies, page, req.raw, admin === null || page.signsIn ? null : token);
      // A form may take minutes to come, whose session or rights have ended meanwhile.
      admin = await whoNow();
      visit = visitOf(admin);
      if (admin === null && page.need !== "anyone") return toSignIn();
      if (admin !== null) assertMayVisit(admin, page);
    }
    const path = req.param() as Record<string, string>;
    if (holdsNul(path)) throw new Problem("not-found", "there is no such page here");
    const query = page.query && checkFields(page.query, parametersOf(url), "the address of this page");
    return await page.handle({ dependencies, request: req.raw, address, path, query, form, visit });
  } catch (error) {
    const problem = shownProblem(dependencies, error, facts.id);
    if (admin !== null) {
      requests.countRefusal(admin.userId, problem.code);
      const refusal = { action: page.action, outcome: problem.code, detail: problem.message };
      await record(db, admin, [refusal]);
    }
    return await problemReply(visit, problem, before);
  }
}

/** @throws Problem `forbidden` */
function assertMayVisit(admin: Admin, { need }: Page): void {
  if (need === "anyone" || need === "staff" || mayVisit(admin, need)) return;
  throw new Problem("forbidden", refusals[need]);
}

function parametersOf(url: URL): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  // Of a parameter that stands twice, the first counts, wherever it is looked at.
  for (const [name, value] of url.searchParams) if (!found.has(name)) found.set(name, value);
  return found;
}

/**
 * What a form holds, when it came from a page of ours: of this origin, and of this session.
 * @param token of the session; `null`: nobody is signed in, or it does not matter who
 * @throws Problem `forbidden`, `bad-request`, `too-large`, `too-slow`
 */
async function formOf(
  { loginRules, pace }: Dependencies,
  page: Page,
  request: Request,
  token: string | null,
): Promise<Record<string, unknown>> {
  const origin = request.headers.get("origin");
  if (origin === null || !loginRules().origins.includes(origin)) {
    throw new Problem(
      "forbidden",
      "the form did not come from this server's own pages; open it at one of the server's public URLs, which --public-url of 'pstore-server serve' lists",
    );
  }
  const fields = await readForm(request, { maxSize: page.maxFormSize ?? maxFormSize, pace });
  if (token !== null) {
    const given = fields.get("csrf");
    if (typeof given !== "string" || !isFormToken(token, given)) {
      throw new Problem(
        "forbidden",
        "the form is of another session, from before you signed in here; open it again, and fill it in once more",
      );
    }
  }
  return page.form === undefined ? {} : checkFields(page.form, fields, "the form");
}
