// Guessing at the sign-in of the web admin, at real servers: many at once, at two servers of one store, from addresses that
// are made up, with the password known and the second factor not; and whom all that must not keep out.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TOTP } from "otpauth";
import { attemptLimits } from "../../packages/server/src/services/web/attempts.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { createTeam, does, type Team } from "../support/team.ts";
import { givePassword, staffPassword, succeeds, visitorOf } from "../support/web-staff.ts";

const { account: perAccount, source: perSource } = attemptLimits;
let team: Team;
let server: TestServer;

beforeAll(async () => {
  // What proxies say is believed of one that is elsewhere alone.
  team = await createTeam({
    users: [{ name: "walter", flags: ["--staff"] }],
    server: { serve: ["--trusted-proxy", "192.0.2.1"] },
  });
  server = team.server;
  await givePassword(server, "walter");
});
afterAll(() => team.dispose());

/** Each test begins as after a quarter of an hour. */
function forget(): void {
  using db = new Database(server.database);
  db.run("PRAGMA busy_timeout = 10000");
  db.run("DELETE FROM failed_sign_ins");
}

async function guess(
  at: Pick<TestServer, "url">,
  name: string,
  headers: Readonly<Record<string, string>> = {},
  fields: Readonly<Record<string, string>> = { password: "not the password" },
): Promise<number> {
  const visitor = await visitorOf(at);
  return (await visitor.post("/sign-in", { name, password: staffPassword, ...fields }, headers)).status;
}

/** What so many guesses at once are answered. */
const upTo = (count: number, one: (index: number) => Promise<number>) =>
  Promise.all(Array.from({ length: count }, (_, index) => one(index)));

const times = (statuses: readonly number[], status: number) =>
  statuses.filter((one) => one === status).length;

test("many guesses at once, at two servers, are as few as one after the other", async () => {
  forget();
  await using second = await startServer({ database: server.database });
  const statuses = await upTo(24, (index) => guess(index % 2 === 0 ? server : second, "walter"));
  expect(times(statuses, 401) + times(statuses, 429)).toBe(24);
  expect(times(statuses, 401)).toBeLessThanOrEqual(perAccount);
  // The right password is no better, once there were too many: what is guessed right then is not told.
  expect(await Promise.all([guess(server, "walter", {}, {}), guess(second, "walter", {}, {})])).toEqual([
    429, 429,
  ]);
});

test("an address that the client makes up does not give it more guesses", async () => {
  forget();
  const from = (index: number) => {
    const made = `198.51.100.${index}`;
    const headers = {
      "x-forwarded-for": `${made}, 192.0.2.1`,
      "x-real-ip": made,
      forwarded: `for=${made}`,
      "cf-connecting-ip": made,
    };
    return guess(server, `nobody${index}`, headers);
  };
  expect(new Set(await upTo(perSource, from))).toEqual(new Set([401]));
  expect(await upTo(3, (index) => from(perSource + index))).toEqual([429, 429, 429]);
});

test("nor one that it adds to what a trusted proxy says", async () => {
  forget();
  await using behind = await startServer({
    database: server.database,
    serve: ["--trusted-proxy", "127.0.0.1"],
  });
  const from = (own: string, index: number) =>
    guess(behind, `nobody${index}`, { "x-forwarded-for": `203.0.113.${index}, ${own}` });
  const guesses = await upTo(perSource, (index) => from("198.51.100.7", index));
  expect(new Set(guesses)).toEqual(new Set([401]));
  expect(await from("198.51.100.7", perSource)).toBe(429);
  expect(await from("198.51.100.8", 100)).toBe(401);
});

test("who has signed in before gets in with the same browser, and with a key from anywhere", async () => {
  forget();
  const owner = await visitorOf(server, "walter");
  await upTo(perAccount, () => guess(server, "walter"));
  expect(await guess(server, "walter", {}, {})).toBe(429);
  await owner.signIn("walter", staffPassword);
  expect((await owner.get("/account")).status).toBe(200);
  const link = new URL((await does(team.user("walter"), ["--web"])).trim());
  const elsewhere = await visitorOf(server);
  expect((await elsewhere.post(link.pathname)).status).toBe(303);
  expect((await elsewhere.get("/account")).status).toBe(200);
});

test("who knows the password guesses no code, and no code is good twice, however fast", async () => {
  forget();
  const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
  const password = staffPassword;
  {
    using db = new Database(server.database);
    db.run("PRAGMA busy_timeout = 10000");
    db.run("UPDATE users SET totp_secret = ?, totp_last = NULL WHERE name = 'walter'", [secret]);
  }
  const right = new TOTP({ secret }).generate();
  const wrong = Array.from({ length: perAccount + 8 }, (_, index) => String(index * 7 + 100_000));
  const statuses = await Promise.all(
    wrong.filter((code) => code !== right).map((code) => guess(server, "walter", {}, { password, code })),
  );
  expect(times(statuses, 303)).toBe(0);
  expect(times(statuses, 401)).toBeLessThanOrEqual(perAccount);
  expect(await guess(server, "walter", {}, { password, code: right })).toBe(429);
  forget();
  await using second = await startServer({ database: server.database });
  const code = new TOTP({ secret }).generate();
  const both = await Promise.all(
    [server, second, server, second].map((at) => guess(at, "walter", {}, { password, code })),
  );
  expect(both.sort()).toEqual([303, 401, 401, 401]);
});

/** As a client would sign in, in the name of whoever: the log says in which, while that of the pages says nothing that was typed. */
async function askForSession(user: string): Promise<void> {
  const key = `openpgp:${"0".repeat(40)}`;
  const request = { user, key, origin: server.url, challenge: "none", signature: "" };
  await fetch(`${server.url}/api/v1/session`, { method: "POST", body: JSON.stringify(request) });
}

test("a name that is made to spoil the log stays on its line, and runs nowhere", async () => {
  forget();
  await server.addUser("reader", undefined, { flags: ["--staff", "--view-any"] });
  await givePassword(server, "reader");
  const names = ["x\r\nwalter signed in", "\u202edaor", "=cmd|' /C calc'!A0", "<b>\u001b[2J", '","ok"\n=1+1'];
  await Promise.all(names.map(askForSession));
  const reader = await visitorOf(server, "reader");
  const { text: csv } = await reader.get("/log.csv?action=sign+in&outcome=refused");
  const { text: page } = await reader.get("/log?action=sign+in&outcome=refused");
  const shown = await succeeds(server, "audit");
  const acting = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/;
  for (const text of [csv, page, shown]) expect(text.match(acting)).toBeNull();
  expect(csv.split("\r\n").filter((line) => line !== "" && !/^(time|\d{4}-\d\d-\d\dT)/.test(line))).toEqual(
    [],
  );
  expect(csv).not.toMatch(/(^|[,;\n"])=/);
  expect(page).not.toContain("<b>");
  expect(page).toContain("&lt;b&gt;\\u{1b}[2J");
});
