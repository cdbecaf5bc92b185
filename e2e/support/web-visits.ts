// Visits to every page of the web admin, as somebody would see them, in each width and scheme of colours.
import type { Page as BrowserPage } from "playwright-core";
import { pages } from "../../packages/server/src/http/web/pages/all.ts";
import { type Browser, overflow, takePicture, violations } from "./browser.ts";
import { leading } from "./web-hand.ts";
import { cookiesOf, type FilledStore, script } from "./web-store.ts";

/** One look at a page. */
export interface Visit {
  /** Of its picture. */
  readonly name: string;
  /** What to ask for. */
  readonly url: string;
  /** What to do there before it is looked at. */
  readonly act?: (page: BrowserPage) => Promise<void>;
  /** Nobody is signed in. */
  readonly asNobody?: true;
  /** What it is answered with. Default: 200. */
  readonly status?: number;
}

/** The pages that a browser is answered with: all but what is downloaded. */
export const shownPages = pages.filter(({ method, path }) => method === "GET" && !path.endsWith(".csv"));

type Visits = Readonly<Record<string, readonly Visit[]>>;

/** By the path of the page as the list of all pages has it; `elsewhere`: what is no page of that list. */
export function visitsTo({ keys, names, newKey, oldKey, revokedKey, objectPath }: FilledStore): Visits {
  const key = (print: string, rest = "") => `/key${rest}?fingerprint=${encodeURIComponent(print)}`;
  const previewOf = (block: string, description: string) => async (page: BrowserPage) => {
    await page.getByLabel("Public key", { exact: true }).fill(block);
    await page.getByLabel("Description", { exact: true }).fill(description);
    await leading(page, () => page.getByRole("button", { name: "Preview" }).click());
  };
  return {
    "/": [
      { name: "overview", url: "/" },
      { name: "overview-table", url: "/", act: open },
    ],
    "/sign-in": [
      { name: "sign-in", url: "/sign-in", asNobody: true },
      { name: "sign-in-refused", url: "/sign-in", asNobody: true, act: signInWrongly },
    ],
    "/sign-in/link/:token": [
      { name: "sign-in-link", url: `/sign-in/link/${"A".repeat(43)}`, asNobody: true },
    ],
    "/account": [{ name: "account", url: "/account" }],
    "/account/password": [{ name: "account-password", url: "/account/password" }],
    "/account/password/remove": [{ name: "account-password-remove", url: "/account/password/remove" }],
    "/account/totp": [{ name: "account-totp", url: "/account/totp" }],
    "/account/totp/remove": [{ name: "account-totp-remove", url: "/account/totp/remove" }],
    "/users": [
      { name: "users", url: "/users" },
      { name: "users-none", url: "/users?text=nobody-is-called-that" },
    ],
    "/users/+add": [
      { name: "user-add", url: "/users/+add" },
      { name: "user-add-refused", url: "/users/+add", act: addNobody },
    ],
    "/users/:name": [
      { name: "user", url: "/users/joe?done=user-added" },
      { name: "user-many-keys", url: "/users/walter" },
      { name: "user-long", url: `/users/${names.user}` },
      { name: "user-deleted", url: "/users/ghost" },
    ],
    "/users/:name/edit": [{ name: "user-edit", url: `/users/${names.user}/edit` }],
    "/users/:name/disable": [
      { name: "user-disable", url: "/users/walter/disable" },
      { name: "user-disable-long", url: `/users/${names.user}/disable` },
    ],
    "/users/:name/delete": [
      { name: "user-delete", url: "/users/walter/delete" },
      { name: "user-delete-long", url: `/users/${names.user}/delete` },
    ],
    "/users/:name/keys/add": [
      { name: "key-add", url: "/users/joe/keys/add" },
      { name: "key-preview", url: "/users/joe/keys/add", act: previewOf(newKey, script) },
      { name: "key-preview-faulty", url: "/users/joe/keys/add", act: previewOf(revokedKey, "") },
      { name: "key-refused", url: "/users/joe/keys/add", act: previewOf(oldKey, "") },
    ],
    "/keys": [{ name: "keys", url: "/keys" }],
    "/key": [
      { name: "key", url: key(keys.gpg) },
      { name: "key-ssh", url: key(keys.ssh) },
      { name: "key-script", url: key(keys.script) },
      { name: "key-revoked", url: key(keys.revoked) },
    ],
    "/key/edit": [{ name: "key-edit", url: key(keys.soon, "/edit") }],
    "/key/remove": [{ name: "key-remove", url: key(keys.gpg, "/remove") }],
    "/objects": [
      { name: "objects", url: "/objects" },
      { name: "objects-of-user", url: "/objects?user=walter&access=only" },
    ],
    "/objects/:id": [
      { name: "object", url: objectPath("web-00") },
      { name: "object-long", url: objectPath(names.object) },
      { name: "object-withheld", url: objectPath("web-02") },
      { name: "object-deleted", url: objectPath("web-01") },
    ],
    "/objects/:id/withhold": [{ name: "object-withhold", url: `${objectPath(script)}/withhold` }],
    "/objects/:id/stop-withholding": [
      { name: "object-stop-withholding", url: `${objectPath("web-02")}/stop-withholding` },
    ],
    "/log": [
      { name: "log", url: "/log" },
      { name: "log-refused", url: "/log?outcome=refused" },
    ],
    "/health": [{ name: "health", url: "/health" }],
    elsewhere: [
      { name: "not-found", url: "/no/such/page", asNobody: true, status: 404 },
      { name: "not-found-user", url: "/users/nobody", status: 404 },
    ],
  };
}

async function open(page: BrowserPage): Promise<void> {
  await page.locator("summary").first().click();
}

async function signInWrongly(page: BrowserPage): Promise<void> {
  await page.getByLabel("Name").fill("joe");
  await page.getByLabel("Password").fill("not the password");
  await leading(page, () => page.getByRole("button", { name: "Sign in" }).click());
}

async function addNobody(page: BrowserPage): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill("no such name");
  await leading(page, () => page.getByRole("button", { name: "Add the user" }).click());
}

/**
 * How each page is looked at: on a telephone, and on a wide screen. axe takes longer than all else. Colours are told apart
 * by the scheme, and what a width hides by the width: two of the four see both.
 */
const looks = [
  { width: 390, scheme: "light", byAxe: true },
  { width: 390, scheme: "dark", byAxe: false },
  { width: 1400, scheme: "dark", byAxe: true },
  { width: 1400, scheme: "light", byAxe: false },
] as const;

/** What is wrong with pages as they are shown, each with the page's name. */
export async function faultsOf(
  store: FilledStore,
  browser: Browser,
  visits: readonly Visit[],
): Promise<readonly string[]> {
  const { url: origin } = store.team.server;
  const faults: string[] = [];
  const signedIn = await browser.context();
  await signedIn.addCookies(cookiesOf(store));
  const nobody = await browser.context();
  const windows = { signedIn: await signedIn.newPage(), nobody: await nobody.newPage() };
  let place = "";
  const say = (fault: string) => faults.push(`${place}: ${fault}`);
  for (const page of Object.values(windows)) {
    page.on("pageerror", (error) => say(`an error of a script: ${error.message}`));
    page.on("dialog", (dialog) => {
      say(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    // What a Content-Security-Policy refuses is told on the console; so is an answer that is an error, which is wanted.
    page.on("console", (message) => {
      if (!/^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text()))
        say(`on the console: ${message.text()}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(`${origin}/`)) say(`a request to ${request.url()}`);
    });
  }
  for (const { name, url, act, asNobody, status = 200 } of visits) {
    place = name;
    const page = asNobody ? windows.nobody : windows.signedIn;
    const answer = await page.goto(`${origin}${url}`);
    if (answer?.status() !== status) say(`answered with ${answer?.status()}`);
    await act?.(page);
    // The server knows neither width nor scheme: the style alone does, so a page is asked for once.
    for (const { width, scheme, byAxe } of looks) {
      place = `${name} ${scheme} ${width}`;
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      await takePicture(page, `${name}-${scheme}-${width}`);
      const wide = await overflow(page);
      if (wide !== 0) say(`${wide} pixels wider than its window`);
      if (!byAxe) continue;
      for (const { rule, impact, places } of await violations(page))
        say(`${impact}: ${rule}: ${places.join("; ")}`);
    }
  }
  await signedIn.close();
  await nobody.close();
  return faults;
}
