// Several servers of one store keep one limit together, and say when to come back; and clients do.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startServer, type TestServer } from "./support/server.ts";
import { createTeam } from "./support/team.ts";

const limit = 100;
const serve = ["--trusted-proxy", "127.0.0.1", "--max-address-requests", String(limit)];

let first: TestServer;
let second: TestServer;
beforeAll(async () => {
  first = await startServer({ serve });
  second = await startServer({ serve, database: first.database });
}, 60_000);
afterAll(async () => {
  await second?.dispose();
  await first?.dispose();
});

/** A request that a proxy hands on for an address. */
const ask = (server: TestServer, address: string) =>
  fetch(`${server.url}/api/v1/store`, { headers: { "x-forwarded-for": address } });

test("an address that asks two servers by turns gets little more than the limit of one", async () => {
  let answered = 0;
  let refused: Response | undefined;
  // Some twenty a second: each server learns of the other's about once a second.
  for (let n = 0; refused === undefined; n++) {
    const next = new Promise((resolve) => setTimeout(resolve, 50));
    const answer = await ask(n % 2 === 0 ? first : second, "192.0.2.7");
    if (answer.status === 429) refused = answer;
    else answered++;
    await next;
  }
  expect(Number(refused.headers.get("retry-after"))).toBeWithin(1, 61);
  expect(await refused.json()).toMatchObject({ code: "too-many-requests" });
  // Each for itself would have let through some 240 before it refused one.
  expect(answered).toBeWithin(limit, 2 * limit - 10);
  // Others are not in the way of those who ask too much, nor the reverse.
  for (const server of [first, second]) {
    expect((await ask(server, "192.0.2.8")).status).toBe(200);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/api/v1/store`)).status).toBe(200);
  }
}, 60_000);

test("what a refusal says to wait is enough", async () => {
  let refused: Response | undefined;
  while (refused === undefined) {
    const answer = await ask(first, "192.0.2.9");
    if (answer.status === 429) refused = answer;
  }
  await new Promise((resolve) => setTimeout(resolve, 1000 * Number(refused.headers.get("retry-after"))));
  expect((await ask(first, "192.0.2.9")).status).toBe(200);
}, 60_000);

test("a client that runs into a limit waits as long as it is told, and goes on", async () => {
  await using team = await createTeam({
    users: ["walter"],
    server: { serve: ["--max-user-requests", "60"] },
  });
  const walter = team.user("walter");
  expect((await walter.pstore(["-c", "box"], { stdin: "secret" })).code).toBe(0);
  // Each makes a request at least: the last of them find no more than one a second.
  for (let n = 0; n < 65; n++)
    expect(await walter.pstore(["box", "password"])).toMatchObject({ code: 0, text: "secret" });
  const { text } = await team.server.command(["audit"]);
  expect(text.match(/too-many-requests/g)).toHaveLength(1);
}, 120_000);
