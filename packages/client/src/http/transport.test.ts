import { expect, test } from "bun:test";
import { Transport } from "./transport.ts";

test("a value that cannot be read is told as such, and not as a connection that failed", async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      await request.bytes().catch(() => null);
      return Response.json({});
    },
  });
  const transport = new Transport([`http://127.0.0.1:${server.port}`], false, async () => {});
  const fault = new TypeError("no such value");
  async function* body() {
    yield new Uint8Array(100_000);
    throw fault;
  }
  const sent = transport.send({ method: "PUT", path: "/", body: body() });
  expect(await sent.catch((error: unknown) => error)).toBe(fault);
});
