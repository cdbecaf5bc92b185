// What another site, and a text that somebody wrote, can do to a browser that is signed in to the web admin.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { BrowserContext, Page } from "playwright-core";
import { type Browser, hasBrowser, startBrowser } from "../support/browser.ts";
import { createHome, exportPublic, type GnupgHome, generateKey } from "../support/gnupg.ts";
import type { TestServer } from "../support/server.ts";
import { staffPassword, startStaff, succeeds, visitorOf } from "../support/web-staff.ts";

const script = `<script>alert(1)</script>"onmouseover="alert(2)<img src=x onerror=alert(3)>`;

let server: TestServer;
let browser: Browser;
let home: GnupgHome;
/** Another site. It has another port, which to cookies is the same site, and by its name it is another site altogether. */
let evil: Bun.Server<undefined>;
let evilPage = "";

beforeAll(async () => {
  if (!hasBrowser) return;
  server = await startStaff();
  browser = await startBrowser();
  home = await createHome();
  evil = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(evilPage, { headers: { "content-type": "text/html" } }),
  });
});
afterAll(async () => {
  if (!hasBrowser) return;
  await evil.stop(true);
  await browser[Symbol.asyncDispose]();
  await server.dispose();
  await home.dispose();
});

async function signedIn(name: string): Promise<{ context: BrowserContext; page: Page; ran: string[] }> {
  const context = await browser.context();
  const page = await context.newPage();
  const ran: string[] = [];
  page.on("dialog", (dialog) => {
    ran.push(`${page.url()}: ${dialog.message()}`);
    void dialog.dismiss();
  });
  // What the policy stopped was markup that came through: the policy is the second fence, not the first.
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) ran.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => ran.push(`${page.url()}: ${error.message}`));
  await page.goto(`${server.url}/sign-in`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(staffPassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name, exact: true }).waitFor();
  return { context, page, ran };
}

const everywhere = [
  ["of another site", () => `http://localhost:${evil.port}/`],
  ["of another port", () => `http://127.0.0.1:${evil.port}/`],
] as const;

for (const [which, url] of everywhere) {
  test.skipIf(!hasBrowser)(
    `a form ${which} that sends itself changes nothing, and signs nobody in or out`,
    async () => {
      const { context, page } = await signedIn("root");
      const { formToken } = await import("../../packages/server/src/services/web/sessions.ts");
      const token =
        (await context.cookies(server.url)).find(({ name }) => name === "pstore-session")?.value ?? "";
      const forms: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
        ["/users/+add", { name: "evil", email: "", fullName: "", staff: "1", superuser: "1" }],
        ["/users/plain/disable", {}],
        // Even one that has guessed what a form of the session holds.
        ["/users/plain/disable", { csrf: formToken(token) }],
        [
          "/users/plain/edit",
          { email: "", fullName: "", staff: "1", superuser: "1", csrf: formToken(token) },
        ],
        ["/sign-out", { csrf: formToken(token) }],
        ["/sign-in", { name: "plain", password: staffPassword }],
      ];
      for (const enctype of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]) {
        // In other dress, one that would be done is enough.
        for (const [path, fields] of enctype.endsWith("urlencoded") ? forms : forms.slice(3, 4)) {
          const inputs = Object.entries(fields).map(
            ([name, value]) => `<input name="${name}" value="${value}">`,
          );
          evilPage = `<form method="post" enctype="${enctype}" action="${server.url}${path}">${inputs.join("")}<button>win</button></form>`;
          await page.goto(url());
          const answered = page.waitForResponse((response) => response.url() === `${server.url}${path}`);
          await page.getByRole("button").click();
          expect([enctype, path, [303, 403].includes((await answered).status())]).toEqual([
            enctype,
            path,
            true,
          ]);
        }
      }
      await page.goto(`${server.url}/users`);
      expect(await page.getByRole("link", { name: "root", exact: true }).first().isVisible()).toBe(true);
      expect(await page.locator(".account a").textContent()).toBe("root");
      const users = await succeeds(server, "user", "list");
      expect(users).not.toContain("evil");
      expect(await succeeds(server, "user", "show", "plain")).not.toContain("disabled");
      await context.close();
    },
  );

  test.skipIf(!hasBrowser)(
    `a page ${which} can neither read nor frame a page of ours, nor reach its window`,
    async () => {
      const { context, page } = await signedIn("root");
      evilPage = `<iframe src="${server.url}/users"></iframe>`;
      await page.goto(url());
      const read = await page.evaluate(async (to) => {
        const tries = await Promise.all(
          (["include", "same-origin"] as const).map((credentials) =>
            fetch(to, { credentials }).then(
              (answer) => answer.text(),
              () => "refused",
            ),
          ),
        );
        return tries;
      }, `${server.url}/users`);
      expect(read).toEqual(["refused", "refused"]);
      const frames = await Promise.all(
        page
          .frames()
          .slice(1)
          .map((frame) => frame.content()),
      );
      expect(frames).toHaveLength(1);
      expect(frames.join("")).not.toContain("<h1>Users</h1>");
      const popup = context.waitForEvent("page");
      await page.evaluate(`globalThis.other = open(${JSON.stringify(`${server.url}/users`)}); undefined`);
      await (await popup).waitForLoadState();
      // The page that opened it is told a little later that it is out of reach.
      await page.waitForFunction("other.closed", undefined, { timeout: 10_000 });
      expect(await page.evaluate("other.closed")).toBe(true);
      await context.close();
    },
  );
}

test.skipIf(!hasBrowser)("what an address or a form says comes back as text, and runs nowhere", async () => {
  const { context, page, ran } = await signedIn("root");
  const asked = encodeURIComponent(script);
  for (const path of [
    `/users?text=${asked}`,
    `/keys?text=${asked}`,
    `/objects?text=${asked}`,
    `/objects?user=${asked}&access=only`,
    `/log?user=${asked}&object=${asked}`,
    `/log?action=${asked}`,
    `/users/${asked}`,
    `/key?fingerprint=${asked}`,
    `/objects/${asked}`,
    `/sign-in/link/${asked}`,
    `/no/${asked}?done=${asked}`,
    `/?done=${asked}`,
  ]) {
    await page.goto(`${server.url}${path}`);
    expect([path, await page.locator("[onmouseover], [onerror], main script, main img").count()]).toEqual([
      path,
      0,
    ]);
  }
  await page.goto(`${server.url}/users?text=${asked}`);
  expect(await page.getByRole("searchbox").inputValue()).toBe(script);
  await page.goto(`${server.url}/users/+add`);
  await page.getByLabel("Name", { exact: true }).fill(script);
  await page.getByLabel("Full name").fill(script);
  await page.getByRole("button", { name: "Add the user" }).click();
  await page.getByRole("alert").waitFor();
  expect(await page.getByLabel("Full name").inputValue()).toBe(script);
  expect(ran).toEqual([]);
  await context.close();
});

test.skipIf(!hasBrowser)(
  "what is stored of users, keys, browsers and sign-ins is shown as text, and runs nowhere",
  async () => {
    const { fingerprint } = await generateKey(home, { userId: `${script} <x@example.com>` });
    const block = await exportPublic(home, fingerprint);
    await server.addUser("victim", undefined, { flags: ["--full-name", script] });
    await server.addKey("victim", block, ["--description", script]);
    const stranger = await visitorOf(server);
    await stranger.post("/sign-in", { name: script, password: "not the password" });
    const twin = await visitorOf(server);
    await twin.post("/sign-in", { name: "root", password: staffPassword }, { "user-agent": script });
    const { context, page, ran } = await signedIn("root");
    const key = `fingerprint=openpgp%3A${fingerprint}`;
    const missing: string[] = [];
    for (const path of [
      "/users",
      "/users/victim",
      "/users/victim/edit",
      "/users/victim/delete",
      "/keys",
      `/key?${key}`,
      `/key/edit?${key}`,
      `/key/remove?${key}`,
      "/log",
      "/account",
      "/health",
    ]) {
      await page.goto(`${server.url}${path}`);
      expect([path, await page.locator("[onmouseover], [onerror], main script, main img").count()]).toEqual([
        path,
        0,
      ]);
      const fields = await page.locator("input").all();
      const inputs = await Promise.all(fields.map((field) => field.inputValue()));
      const text = `${await page.locator("main").innerText()} ${inputs.join(" ")}`;
      if (!text.includes("<script>alert(1)</script>")) missing.push(path);
    }
    // Those name no such text at all.
    expect(missing.filter((path) => !["/users/victim/delete", "/health"].includes(path))).toEqual([]);
    expect(ran).toEqual([]);
    await context.close();
  },
);
