import type { Child } from "hono/jsx";
import { assetUrl } from "./assets.ts";
import { mayVisit } from "./needs.ts";
import { notices, refusedNotices } from "./notices.ts";
import { Csrf } from "./parts/form.tsx";
import { sections } from "./sections.ts";
import type { Visit } from "./visit.ts";

/** What stands around every page. */
export function Layout({ visit, title, children }: { visit: Visit; title: string; children?: Child }) {
  const { admin, done } = visit;
  const notice = textOf(notices, done);
  const refused = textOf(refusedNotices, done);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title} · pstore</title>
        <link rel="icon" href={assetUrl("icon.svg")} type="image/svg+xml" />
        <link rel="stylesheet" href={assetUrl("style.css")} />
        <script src={assetUrl("enhance.js")} defer></script>
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to the content
        </a>
        <header class="top">
          <a class="brand" href="/">
            <img src={assetUrl("icon.svg")} alt="" width="24" height="24" /> pstore
          </a>
          {admin !== null && <Navigation visit={visit} />}
        </header>
        <main id="content" tabindex={-1}>
          <h1>{title}</h1>
          {notice !== undefined && (
            <p class="notice good" role="status">
              {notice}
            </p>
          )}
          {refused !== undefined && (
            <p class="notice warning" role="alert">
              {refused}
            </p>
          )}
          {children}
        </main>
        <footer>
          <p>
            pstore {visit.version}. Secrets were encrypted before they came here: this server can neither show
            nor change them.
          </p>
        </footer>
      </body>
    </html>
  );
}

function textOf(texts: Readonly<Record<string, string>>, code: string | null): string | undefined {
  return code !== null && Object.hasOwn(texts, code) ? texts[code] : undefined;
}

function Navigation({ visit }: { visit: Visit }) {
  const { admin, url } = visit;
  if (admin === null) return null;
  return (
    <>
      <nav aria-label="Sections">
        <ul>
          {sections
            .filter(({ need }) => mayVisit(admin, need))
            .map(({ path, also, name }) => {
              const isHere = isIn(url.path, path) || (also !== undefined && isIn(url.path, also));
              return (
                <li>
                  <a href={path} aria-current={isHere ? "page" : undefined}>
                    {name}
                  </a>
                </li>
              );
            })}
        </ul>
      </nav>
      <div class="account">
        <a href="/account" aria-current={url.path.startsWith("/account") ? "page" : undefined}>
          {admin.userName}
        </a>
        <form method="post" action="/sign-out">
          <Csrf visit={visit} />
          <button type="submit" class="plain">
            Sign out
          </button>
        </form>
      </div>
    </>
  );
}

/** Whether a path is that of a section, or of a page below it. */
function isIn(path: string, section: string): boolean {
  return path === section || (section !== "/" && path.startsWith(`${section}/`));
}
