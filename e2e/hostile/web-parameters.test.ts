// Parameters and fields of forms of the web admin that mean something else to one reader than to another.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { pages } from "../../packages/server/src/http/web/pages/all.ts";
import type { TestServer } from "../support/server.ts";
import { startStaff, succeeds, visitorOf } from "../support/web-staff.ts";
import type { WebVisitor } from "../support/web-visitor.ts";

let server: TestServer;
let root: WebVisitor;

beforeAll(async () => {
  // A thousand requests of one user are refused here.
  server = await startStaff({ serve: ["--max-refusals", "0"] });
  root = await visitorOf(server, "root");
});
afterAll(() => server.dispose());

test("no value of a parameter breaks a page, is believed to be a notice, or comes back as markup", async () => {
  const script = `"><script>alert(1)</script>`;
  const values = [
    "constructor",
    "__proto__",
    "toString",
    script,
    "\0",
    "\u202e\u2066",
    "%",
    "_%_",
    "\\",
    "'",
    "[]",
    "-1",
    "9".repeat(400),
    "a".repeat(4000),
    "\ud800",
    "null",
    "2026-13-01",
    "x y",
  ];
  const wrong: string[] = [];
  for (const { path, query } of pages.filter(({ method }) => method === "GET")) {
    const asked = path.replace(":name", "plain").replace(":id", "0").replace(":token", "x");
    const names = ["done", "__proto__", ...Object.keys(query?.entries ?? {})];
    for (const value of values) {
      for (const given of [names, ...names.map((name) => [name])]) {
        const url = `${asked}?${new URLSearchParams(given.map((name): [string, string] => [name, value]))}`;
        const { status, text, headers } = await root.get(url);
        const isPage = headers.get("content-type")?.startsWith("text/html") === true;
        if (status >= 500) wrong.push(`${url}: ${status}`);
        if (isPage && /<script>alert|role="status"/.test(text)) wrong.push(`${url}: is shown`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(server.output).not.toMatch(/request [0-9a-f-]{36}:/);
}, 60_000);

test("of a parameter that stands twice, one counts, for what is shown as for what is looked for", async () => {
  const { text } = await root.get("/users?text=plain&text=viewer");
  expect([text.includes('value="plain"'), text.includes('href="/users/viewer"')]).toEqual([true, false]);
  const csrf = await root.formToken();
  const twice = async (body: string, type = "application/x-www-form-urlencoded") => {
    const headers = { cookie: root.cookie, origin: server.url, "content-type": type };
    const answer = await fetch(`${server.url}/users/+add`, {
      method: "POST",
      body,
      headers,
      redirect: "manual",
    });
    return answer.status;
  };
  const fields = "email=&fullName=";
  expect(await twice(`csrf=${csrf}&csrf=x&name=a1&${fields}`)).toBe(403);
  expect(await twice(`csrf=${csrf}&name=a1&name=a2&${fields}`)).toBe(400);
  expect(await twice(`csrf=${csrf}&name[]=a1&${fields}`)).toBe(400);
  expect(await twice(`{"csrf":"${csrf}","name":"a1"}`, "application/json")).toBe(400);
  expect(await twice(`csrf=${csrf}\r\nname=a1`, "text/plain")).toBe(400);
  expect(await twice(`csrf=${csrf}&name=a1&__proto__=x&constructor=y&${fields}`)).toBe(303);
  const users = await succeeds(server, "user", "list");
  expect([users.includes("a1"), users.includes("a2")]).toEqual([true, false]);
});
