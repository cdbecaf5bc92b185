import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { getStore } from "./api.ts";
import { Authorities } from "./authorities.ts";
import { Transport } from "./transport.ts";

const security = { allowHttp: false, authorities: new Authorities(null, undefined) };

test("a value that cannot be read is told as such, and not as a connection that failed", async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      await request.bytes().catch(() => null);
      return Response.json({});
    },
  });
  const transport = new Transport([`http://127.0.0.1:${server.port}`], security, async () => {});
  const fault = new TypeError("no such value");
  async function* body() {
    yield new Uint8Array(100_000);
    throw fault;
  }
  const sent = transport.send({ method: "PUT", path: "/", body: body() });
  expect(await sent.catch((error: unknown) => error)).toBe(fault);
});

/** What is said of a first request to a URL. */
async function refused(url: string): Promise<string> {
  const asked = getStore(new Transport([url], security, async () => {}));
  return asked.then(String, (error: Error) => error.message);
}

test("a URL of the wrong scheme, port or path is told as such", async () => {
  await using web = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: () => Response.json({ code: "not-found", detail: "nothing" }, { status: 404 }),
  });
  expect(await refused(`https://127.0.0.1:${web.port}`)).toBe(
    `could not connect to https://127.0.0.1:${web.port} (it speaks no TLS there: is it http://?); check that the store runs and that --store-url is right`,
  );
  expect(await refused(`http://127.0.0.1:${web.port}/foo`)).toStartWith(
    `could not use http://127.0.0.1:${web.port}/foo: no store answers there; check the path`,
  );
  const other = createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.2\r\n"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  expect(await refused(`http://127.0.0.1:${port}`)).toContain("what answers there is no web server");
  expect(await refused(`https://127.0.0.1:${port}`)).toContain("it speaks no TLS there");
  other.close();
});
