import { expect, test } from "bun:test";
import { paceTime } from "./pace.ts";
import { streamOf } from "./stream.ts";

const pace = { minRate: 1024, within: paceTime };

test("what is streamed is made as it is taken, and ends when who takes it goes away", async () => {
  let made = 0;
  const ended = Promise.withResolvers<void>();
  async function* chunks() {
    try {
      for (; made < 10_000; made++) yield new Uint8Array(100_000);
    } finally {
      ended.resolve();
    }
  }
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(streamOf(chunks(), pace)),
  });
  const leaving = new AbortController();
  const response = await fetch(server.url, { signal: leaving.signal });
  await response.body?.getReader().read();
  leaving.abort();
  await ended.promise;
  expect(made).toBeLessThan(5000);
});
