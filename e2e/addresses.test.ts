// What the log says of where a request came from, with and without a proxy in front of the server.

import { expect, test } from "bun:test";
import { apiPath } from "@pstore/core/api/schemas";
import { startServer, type TestServer } from "./support/server.ts";

/** Has a sign-in refused, and answers the address that the log has of it. */
async function loggedAddress(server: TestServer, forwardedFor?: string): Promise<string> {
  const answer = await fetch(`${server.url}${apiPath}/session`, {
    method: "POST",
    body: JSON.stringify({ user: "x", key: "x", origin: "x", challenge: "x", signature: "" }),
    headers: forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor },
  });
  expect(answer.status).toBe(401);
  const { code, text, stderr } = await server.command(["audit", "--json", "--limit=1"]);
  expect([code, stderr]).toEqual([0, ""]);
  return (JSON.parse(text) as { address: string }).address;
}

test("without a trusted proxy, nobody is believed to be elsewhere than they are", async () => {
  await using server = await startServer();
  expect(await loggedAddress(server)).toBe("127.0.0.1");
  expect(await loggedAddress(server, "192.0.2.7")).toBe("127.0.0.1");
});

test("a trusted proxy says who is behind it, and the client cannot say otherwise", async () => {
  await using server = await startServer({
    serve: ["--trusted-proxy=127.0.0.1", "--trusted-proxy", "2001:db8::/32"],
  });
  expect(await loggedAddress(server)).toBe("127.0.0.1");
  expect(await loggedAddress(server, "192.0.2.7")).toBe("192.0.2.7");
  expect(await loggedAddress(server, "10.0.0.1, 192.0.2.7")).toBe("192.0.2.7");
  expect(await loggedAddress(server, "10.0.0.1, 192.0.2.7, 2001:DB8::1")).toBe("192.0.2.7");
  expect(await loggedAddress(server, "192.0.2.7, <script>")).toBe("127.0.0.1");
});

test("the variable does what the option does, and another proxy than the one trusted is not believed", async () => {
  await using near = await startServer({ env: { PSTORE_TRUSTED_PROXY: " 10.0.0.0/8  127.0.0.0/8 " } });
  expect(await loggedAddress(near, "192.0.2.7, 10.1.2.3")).toBe("192.0.2.7");
  await using far = await startServer({ env: { PSTORE_TRUSTED_PROXY: "10.0.0.0/8" } });
  expect(await loggedAddress(far, "192.0.2.7, 10.1.2.3")).toBe("127.0.0.1");
});

test("what is no address is refused with a sentence", async () => {
  await using server = await startServer();
  const { code, stderr } = await server.command(["serve", "--trusted-proxy=proxy.example.com"]);
  expect(code).toBe(2);
  expect(stderr).toContain(
    "the trusted proxy 'proxy.example.com' is neither an address like 192.0.2.1 or 2001:db8::1, nor a network like 10.0.0.0/8",
  );
});
