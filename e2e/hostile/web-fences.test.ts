// Who may reach which page of the web admin, with a table that a new page must be put into; and what a page tells whom.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { pages } from "../../packages/server/src/http/web/pages/all.ts";
import { createTeam, does, type Team } from "../support/team.ts";
import { givePassword, roles, visitorOf } from "../support/web-staff.ts";
import type { WebVisitor } from "../support/web-visitor.ts";

/** Names that nobody may see who may not view any object. */
const [object, property, renamed] = ["canary-object", "canary-property", "canary-before"];

let team: Team;
let objectId: string;
let print: string;
const visitors = new Map<string, WebVisitor>();
const everybody = ["nobody", "plain", "viewer", "root"] as const;
type Who = (typeof everybody)[number];
const of = (who: Who): WebVisitor => visitors.get(who) ?? expect.unreachable(who);

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe"] });
  const { server } = team;
  const walter = team.user("walter");
  print = walter.key;
  await does(walter, ["-c", renamed], "a secret\n");
  await does(walter, [renamed, "-ps", property], "another\n");
  await does(walter, [renamed, "--rename", object]);
  await does(team.user("joe"), ["-c", "joe's"], "x\n");
  for (const [name, flags] of Object.entries(roles)) {
    await server.addUser(name, undefined, { flags });
    await givePassword(server, name);
  }
  // Of no staff: no password lets them in, whatever else they may.
  await server.addUser("outside", undefined, { flags: ["--superuser", "--view-any"] });
  await givePassword(server, "outside");
  for (const who of everybody) visitors.set(who, await visitorOf(server, who === "nobody" ? undefined : who));
  using db = new Database(server.database);
  // A fault that the check finds: it names objects too.
  db.run("DELETE FROM wrapped_keys");
  const { status } = await of("root").post("/health/check", { csrf: await of("root").formToken() });
  expect(status).toBe(303);
  const found = db.query<{ id: string }, [string]>("SELECT id FROM objects WHERE name = ?").get(object);
  objectId = found?.id ?? expect.unreachable("there is no such object");
});
afterAll(() => team.dispose());

/** A page that there is, in the place of its pattern. */
function placed(path: string): string {
  const asked = path.replace(":name", "walter").replace(":id", objectId).replace(":token", "A".repeat(43));
  return path.startsWith("/key") && path !== "/keys"
    ? `${asked}?fingerprint=${encodeURIComponent(print)}`
    : asked;
}

/**
 * The least that somebody must be, by page. A page that is not here fails the first test: think of who may see it, and what
 * it names.
 */
const needs: Readonly<Record<string, Who>> = {
  "GET /": "plain",
  "GET /account": "plain",
  "GET /account/password": "plain",
  "GET /account/password/remove": "plain",
  "GET /account/totp": "plain",
  "GET /account/totp/remove": "plain",
  "GET /health": "plain",
  "GET /key": "plain",
  "GET /key/edit": "root",
  "GET /key/remove": "root",
  "GET /keys": "plain",
  "GET /log": "viewer",
  "GET /log.csv": "viewer",
  "GET /objects": "viewer",
  "GET /objects/:id": "viewer",
  "GET /objects/:id/stop-withholding": "root",
  "GET /objects/:id/withhold": "root",
  "GET /sign-in": "nobody",
  "GET /sign-in/link/:token": "nobody",
  "GET /users": "plain",
  "GET /users/+add": "root",
  "GET /users/:name": "plain",
  "GET /users/:name/delete": "root",
  "GET /users/:name/disable": "root",
  "GET /users/:name/edit": "root",
  "GET /users/:name/keys/add": "root",
  "POST /account/password": "plain",
  "POST /account/password/remove": "plain",
  "POST /account/sessions/end": "plain",
  "POST /account/sign-out-everywhere": "plain",
  "POST /account/totp": "plain",
  "POST /account/totp/remove": "plain",
  "POST /health/check": "plain",
  "POST /key/edit": "root",
  "POST /key/remove": "root",
  "POST /objects/:id/stop-withholding": "root",
  "POST /objects/:id/withhold": "root",
  "POST /sign-in": "nobody",
  "POST /sign-in/link/:token": "nobody",
  "POST /sign-out": "plain",
  "POST /users/+add": "root",
  "POST /users/:name/delete": "root",
  "POST /users/:name/disable": "root",
  "POST /users/:name/edit": "root",
  "POST /users/:name/enable": "root",
  "POST /users/:name/end-sessions": "root",
  "POST /users/:name/keys/add": "root",
  "POST /users/:name/keys/save": "root",
  "POST /users/:name/remove-password": "root",
};

const may = (who: Who, need: Who) => everybody.indexOf(who) >= everybody.indexOf(need);
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

test("the table has every page", () => {
  expect(pages.map(nameOf).filter((page) => needs[page] === undefined)).toEqual([]);
  expect(new Set(pages.map(nameOf)).size).toBe(pages.length);
});

describe.each(everybody)("%s", (who) => {
  test("is shown the pages that are theirs, and no others", async () => {
    const wrong: string[] = [];
    for (const page of pages.filter(({ method }) => method === "GET")) {
      const need = needs[nameOf(page)] ?? expect.unreachable(page.path);
      const { status, headers, text } = await of(who).get(placed(page.path));
      const isSignIn = headers.get("location")?.startsWith("/sign-in") === true;
      // Who is signed in is sent on from the sign-in; an object that is shown cannot be shown again.
      const good = page.path === "/sign-in" && who !== "nobody" ? [303] : [200, 409];
      const isRight = may(who, need)
        ? good.includes(status)
        : who === "nobody"
          ? status === 303 && isSignIn
          : status === 403;
      if (!isRight) wrong.push(`${page.path}: ${status}`);
      if (headers.get("cache-control") !== "no-store") wrong.push(`${page.path} is kept by whoever likes`);
      if (!headers.get("content-security-policy")?.startsWith("default-src 'none'"))
        wrong.push(`${page.path} may load anything`);
      if (!may(who, "viewer") && page.path !== "/health" && /canary/.test(text + headers.get("location")))
        wrong.push(`${page.path} names an object`);
    }
    expect(wrong).toEqual([]);
  });

  test("changes nothing where they may not, with a form of their own session", async () => {
    const csrf = who === "nobody" ? "" : await of(who).formToken();
    const wrong: string[] = [];
    const before = state();
    for (const page of pages.filter(({ method }) => method === "POST")) {
      const need = needs[nameOf(page)] ?? expect.unreachable(page.path);
      if (may(who, need)) continue;
      const { status, headers } = await of(who).post(placed(page.path), { csrf, ...everyField });
      const isRight =
        who === "nobody"
          ? status === 303 && headers.get("location") === "/sign-in?done=not-signed-in"
          : status === 403;
      if (!isRight) wrong.push(`${page.path}: ${status}`);
    }
    expect([wrong, state()]).toEqual([[], before]);
  });

  test("changes nothing with a form of another origin, or of none, or of another session", async () => {
    if (who === "nobody") return;
    const csrf = await of(who).formToken();
    const wrong: string[] = [];
    const before = state();
    const foreign = [
      "http://evil.example",
      "null",
      `${team.server.url}.evil.example`,
      `${team.server.url}/`,
      "",
    ];
    for (const page of pages.filter(({ method }) => method === "POST")) {
      const path = placed(page.path);
      for (const origin of foreign) {
        const { status } = await of(who).post(path, { csrf, ...everyField }, { origin });
        if (status !== 403) wrong.push(`${page.path} from '${origin}': ${status}`);
      }
      if (page.signsIn) continue;
      for (const token of ["", "x", `${csrf.slice(0, -1)}=`, csrf.toLowerCase(), `${csrf} `]) {
        const { status } = await of(who).post(path, { ...everyField, csrf: token });
        if (status !== 403) wrong.push(`${page.path} with '${token}': ${status}`);
      }
    }
    expect([wrong, state()]).toEqual([[], before]);
  });
});

/** What any form may ask for, so that it is the fence that refuses, and not the form's own check. */
const everyField = {
  name: "evil",
  email: "",
  fullName: "",
  staff: "1",
  superuser: "1",
  confirmation: "walter",
  description: "evil",
  block: "x",
  fingerprint: "x",
  password: "an evil password of mine",
  again: "an evil password of mine",
  current: "x",
  code: "000000",
  secret: "A".repeat(32),
  session: "0".repeat(64),
};

/** All that a page could change. */
function state(): string {
  using db = new Database(team.server.database, { readonly: true });
  const tables = ["users", "public_keys", "objects", "check_runs"];
  const rows = tables.map((table) => db.query(`SELECT * FROM ${table} ORDER BY 1`).all());
  return JSON.stringify([rows, db.query("SELECT token_digest FROM web_sessions ORDER BY 1").all()]);
}

test("whether an object or a user is there is told to nobody who may not know", async () => {
  const absent = "00000000-0000-4000-8000-000000000000";
  const answers = async (who: Who, path: string) => {
    const { status, text, headers } = await of(who).get(path);
    return [
      status,
      text.replaceAll(path, ""),
      headers.get("location")?.replace(encodeURIComponent(path), ""),
    ];
  };
  for (const rest of ["", "/withhold", "/stop-withholding"])
    expect(await answers("plain", `/objects/${absent}${rest}`)).toEqual(
      await answers("plain", `/objects/${objectId}${rest}`),
    );
  for (const rest of ["", "/edit", "/delete"])
    expect(await answers("nobody", `/users/absent${rest}`)).toEqual(
      await answers("nobody", `/users/walter${rest}`),
    );
  expect(await answers("plain", "/users/absent/delete")).toEqual(
    await answers("plain", "/users/walter/delete"),
  );
  expect(await answers("plain", "/log?object=absent")).toEqual(
    await answers("plain", `/log?object=${object}`),
  );
});

test("health names to plain staff what is at fault, as they may run the check themselves, and nothing else", async () => {
  const { text } = await of("plain").get("/health");
  const [before = "", after = ""] = text.split(/<h2>Consistency.*?<\/table>/);
  expect(text).toContain(object);
  expect(before + after).not.toMatch(/canary/);
  expect(text).not.toContain(objectId);
});

test("who is not of the staff signs in by no password, whatever else they may", async () => {
  await expect(visitorOf(team.server, "outside")).rejects.toThrow("401");
});
