// What a session of the web admin is good for once it should be good for nothing, and what happens when two things come at once.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { digestOf } from "@pstore/core/digest";
import { createHome, generateKey } from "../support/gnupg.ts";
import { RawConnection, statusOf } from "../support/raw-http.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { givePassword, staffPassword, startStaff, visitorOf } from "../support/web-staff.ts";
import type { WebVisitor } from "../support/web-visitor.ts";

let server: TestServer;
let admin: WebVisitor;
let adminForm: string;

beforeAll(async () => {
  server = await startStaff();
  admin = await visitorOf(server, "admin");
  adminForm = await admin.formToken();
});
afterAll(() => server.dispose());

/** What every form of a user holds. */
const unsaid = { email: "", fullName: "" };

let made = 0;
/** A new member of the staff with a password. */
async function newStaff(...flags: readonly string[]): Promise<string> {
  const name = `new${++made}`;
  await server.addUser(name, undefined, { flags: ["--staff", ...flags] });
  await givePassword(server, name);
  return name;
}

/** Sends a form as the superuser `admin`. */
const asAdmin = (path: string, fields: Readonly<Record<string, string>> = {}) =>
  admin.post(path, { csrf: adminForm, ...fields });

function query<T>(sql: string, ...values: string[]): T[] {
  using db = new Database(server.database);
  db.run("PRAGMA busy_timeout = 10000");
  return db.query<T, string[]>(sql).all(...values);
}

describe("a form that is held back", () => {
  /** Begins to send a form, all but its last octet, and does something else before that comes. */
  async function heldBack(
    who: WebVisitor,
    path: string,
    fields: Record<string, string>,
    meanwhile: () => Promise<unknown>,
  ) {
    const body = new URLSearchParams({ csrf: await who.formToken(), ...fields }).toString();
    using connection = new RawConnection(server.url);
    await connection.send(
      [
        `POST ${path} HTTP/1.1`,
        `Host: ${new URL(server.url).host}`,
        `Origin: ${server.url}`,
        `Cookie: ${who.cookie}`,
        "Content-Type: application/x-www-form-urlencoded",
        `Content-Length: ${body.length}`,
        "Connection: close",
        "",
        body.slice(0, -1),
      ].join("\r\n"),
    );
    // Answered by the same server after the above came to it.
    await who.get("/account");
    await meanwhile();
    await connection.send(body.slice(-1));
    return await connection.answer();
  }

  const backDoor = { ...unsaid, staff: "1", superuser: "1" };
  const known = (name: string) => query("SELECT name FROM users WHERE name = ?", name).length;

  test("does nothing once its sender was disabled", async () => {
    const leaver = await newStaff("--superuser");
    const visitor = await visitorOf(server, leaver);
    const answer = await heldBack(visitor, "/users/+add", { name: "door1", ...backDoor }, () =>
      asAdmin(`/users/${leaver}/disable`),
    );
    expect([statusOf(answer), known("door1")]).toEqual([303, 0]);
    expect(answer).toMatch(/\r\nlocation: \/sign-in\?done=not-signed-in\r\n/i);
  });

  test("does nothing once its sender has lost the right", async () => {
    const leaver = await newStaff("--superuser");
    const visitor = await visitorOf(server, leaver);
    const answer = await heldBack(visitor, "/users/+add", { name: "door2", ...backDoor }, () =>
      asAdmin(`/users/${leaver}/edit`, { ...unsaid, staff: "1" }),
    );
    expect([statusOf(answer), known("door2")]).toEqual([403, 0]);
  });

  test("does nothing once the session was ended by a superuser", async () => {
    const thief = await newStaff("--superuser");
    const visitor = await visitorOf(server, thief);
    const answer = await heldBack(visitor, "/users/+add", { name: "door3", ...backDoor }, () =>
      asAdmin(`/users/${thief}/end-sessions`),
    );
    expect([statusOf(answer), known("door3")]).toEqual([303, 0]);
  });

  test("is done otherwise", async () => {
    const answer = await heldBack(admin, "/users/+add", { name: "slow", ...unsaid }, async () => {});
    expect([statusOf(answer), known("slow")]).toEqual([303, 1]);
  });
});

test("a session sees at once which roles its user has, and does not come back with them", async () => {
  const name = await newStaff();
  const visitor = await visitorOf(server, name);
  const sees = async () =>
    (await Promise.all(["/users", "/log", "/users/+add"].map((path) => visitor.get(path)))).map(
      ({ status }) => status,
    );
  expect(await sees()).toEqual([200, 403, 403]);
  await asAdmin(`/users/${name}/edit`, { ...unsaid, staff: "1", viewAny: "1" });
  expect(await sees()).toEqual([200, 200, 403]);
  await asAdmin(`/users/${name}/edit`, { ...unsaid, staff: "1", superuser: "1" });
  expect(await sees()).toEqual([200, 200, 200]);
  await asAdmin(`/users/${name}/edit`, { ...unsaid, superuser: "1" });
  expect(await sees()).toEqual([303, 303, 303]);
  await asAdmin(`/users/${name}/edit`, { ...unsaid, staff: "1", superuser: "1" });
  expect(await sees()).toEqual([303, 303, 303]);
});

test("a session that was planted is not the one that is signed in", async () => {
  const planted = randomBytes(32).toString("base64url");
  const fields = { name: "plain", password: staffPassword };
  const visitor = await visitorOf(server);
  const { status } = await visitor.post("/sign-in", fields, { cookie: `pstore-session=${planted}` });
  expect([status, visitor.cookie.includes(planted)]).toEqual([303, false]);
  const stranger = await visitorOf(server);
  expect((await stranger.get("/account", { cookie: `pstore-session=${planted}` })).status).toBe(303);
});

test("neither the database nor the log holds what opens a session", async () => {
  const token = /pstore-session=([^;]+)/.exec(admin.cookie)?.[1] ?? "";
  expect(token).toMatch(/^[\w-]{43}$/);
  const stored = JSON.stringify(query("SELECT * FROM web_sessions"));
  expect(stored).toContain(digestOf(token));
  for (const text of [stored, JSON.stringify(query("SELECT * FROM audit")), server.output])
    expect([token, adminForm, staffPassword].filter((secret) => text.includes(secret))).toEqual([]);
});

test("a link that is followed many times at once signs in once", async () => {
  await using home = await createHome();
  const { fingerprint } = await generateKey(home, { userId: "linked" });
  await server.addUser("linked", home, { flags: ["--staff"] });
  const token = randomBytes(32).toString("base64url");
  const later = new Date(Date.now() + 100_000).toISOString();
  query(
    "INSERT INTO web_links (token_digest, user_id, fingerprint, expires) SELECT ?, id, ?, ? FROM users WHERE name = 'linked'",
    digestOf(token),
    `openpgp:${fingerprint}`,
    later,
  );
  const visitors = await Promise.all(Array.from({ length: 12 }, () => visitorOf(server)));
  const answers = await Promise.all(visitors.map((visitor) => visitor.post(`/sign-in/link/${token}`)));
  expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array<number>(11).fill(401)]);
  expect(visitors.filter(({ cookie }) => cookie !== "")).toHaveLength(1);
});

test("of two superusers who demote each other at once, at two servers, one stays", async () => {
  await using second = await startServer({ database: server.database });
  for (let round = 0; round < 5; round++) {
    // All others are out of the way: nobody else is left to change anything.
    const [one, two] = [await newStaff("--superuser"), await newStaff("--superuser")];
    const [here, there] = [await visitorOf(server, one), await visitorOf(second, two)];
    query("UPDATE users SET superuser = 0 WHERE name NOT IN (?, ?)", one, two);
    const [formHere, formThere] = [await here.formToken(), await there.formToken()];
    const ways = [
      [`/users/${two}/disable`, `/users/${one}/disable`],
      [`/users/${two}/edit`, `/users/${one}/edit`],
      [`/users/${two}/disable`, `/users/${one}/delete`],
    ] as const;
    const [away, back] = ways[round % ways.length] ?? ways[0];
    const answers = await Promise.all([
      here.post(away, { ...unsaid, csrf: formHere, staff: "1" }),
      there.post(back, { ...unsaid, csrf: formThere, staff: "1", confirmation: one }),
    ]);
    const left = query<{ name: string }>(
      "SELECT name FROM users WHERE active = 1 AND staff = 1 AND superuser = 1 AND name IN (?, ?)",
      one,
      two,
    );
    expect([round, left.length, answers.filter(({ status }) => status >= 500)]).toEqual([round, 1, []]);
  }
  query("UPDATE users SET superuser = 1 WHERE name = 'admin'");
});
