import { expect, test } from "bun:test";
import { connect } from "node:net";
import { TrustedProxies } from "./address.ts";
import { listen } from "./listen.ts";

const trustedProxies = new TrustedProxies();

test("a request whose body never ends does not keep the server from stopping", async () => {
  const begun = Promise.withResolvers<void>();
  const server = listen(
    async (request) => {
      begun.resolve();
      return new Response(await request.text().catch(() => "cut off"));
    },
    { host: "127.0.0.1", port: 0, maxUploadSize: 1000, maxRequestSize: 1000, trustedProxies, grace: 100 },
  );
  const socket = connect(server.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx");
  await begun.promise;
  const start = performance.now();
  await server.stop();
  expect(performance.now() - start).toBeGreaterThan(90);
  await closed;
});

test("a second server on the same port is refused, and the sentence says what to do", async () => {
  const config = { host: "127.0.0.1", maxUploadSize: 1000, maxRequestSize: 1000, trustedProxies, grace: 100 };
  const server = listen(() => new Response(""), { ...config, port: 0 });
  expect(() => listen(() => new Response(""), { ...config, port: server.port })).toThrow(
    "another program listens there",
  );
  await server.stop();
});

test("the address that a request is said to come from is that of the peer, unless a trusted proxy says whose it is", async () => {
  const proxies = new TrustedProxies();
  proxies.add("127.0.0.1");
  for (const [trusted, expected] of [
    [trustedProxies, "127.0.0.1"],
    [proxies, "192.0.2.7"],
  ] as const) {
    const server = listen((_, { address }) => new Response(address), {
      ...{ host: "127.0.0.1", port: 0, maxUploadSize: 1000, maxRequestSize: 1000, grace: 100 },
      trustedProxies: trusted,
    });
    const headers = new Headers({ "x-forwarded-for": "198.51.100.1" });
    headers.append("x-forwarded-for", "192.0.2.7");
    const answer = await fetch(server.url, { headers });
    expect(await answer.text()).toBe(expected);
    await server.stop();
  }
});

test("a request of HTTP/1.0, which names no host, has a URL all the same", async () => {
  const server = listen((request) => new Response(new URL(request.url).pathname), {
    ...{ host: "127.0.0.1", port: 0, maxUploadSize: 1000, maxRequestSize: 1000, grace: 100 },
    trustedProxies,
  });
  const socket = connect(server.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  let text = "";
  socket.on("data", (data) => {
    text += data;
  });
  socket.write("GET //evil/healthz HTTP/1.0\r\n\r\n");
  await closed;
  expect(text).toEndWith("//evil/healthz");
  await server.stop();
});
