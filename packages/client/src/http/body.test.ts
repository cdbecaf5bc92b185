import { afterAll, expect, test } from "bun:test";
import { bytesOf, jsonOf, type Patience } from "./body.ts";

/** Answers with these bytes, the next ones asked for whenever the last were sent. */
let next: () => Promise<Uint8Array | null> = async () => null;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          const bytes = await next();
          if (bytes === null) controller.close();
          else controller.enqueue(bytes);
        },
      }),
    ),
});
afterAll(() => server.stop(true));

const url = `http://127.0.0.1:${server.port}`;
const never = new Promise<null>(() => {});
const short: Patience = { next: 50, whole: 150 };

function answers(...parts: (string | Promise<null>)[]): void {
  next = async () => {
    const part = parts.shift();
    return typeof part === "string" ? Buffer.from(part) : (part ?? null);
  };
}

test("JSON is read whole, and what is none is told from what is", async () => {
  answers('{"a":', "[1]}");
  expect(await jsonOf(await fetch(url), url)).toEqual({ a: [1] });
  answers("{");
  expect(await jsonOf(await fetch(url), url)).toBeUndefined();
  answers();
  expect(await jsonOf(await fetch(url), url)).toBeUndefined();
});

test("an answer that stops in the middle ends in a sentence, JSON or value", async () => {
  const stalled = { code: "unavailable", message: expect.stringContaining("did not go on") };
  answers("{", never);
  await expect(jsonOf(await fetch(url), url, short)).rejects.toMatchObject(stalled);
  answers("abc", never);
  const chunks = bytesOf(await fetch(url), url, short);
  expect(Buffer.from((await chunks.next()).value ?? []).toString()).toBe("abc");
  await expect(chunks.next()).rejects.toMatchObject(stalled);
});

test("JSON that drips for ever ends in a sentence; a value may take its time", async () => {
  next = async () => {
    await Bun.sleep(5);
    return Buffer.from(" ");
  };
  await expect(jsonOf(await fetch(url), url, short)).rejects.toMatchObject({ code: "unavailable" });
  let count = 0;
  const start = performance.now();
  for await (const chunk of bytesOf(await fetch(url), url, short)) {
    count += chunk.length;
    if (performance.now() - start > 2 * short.whole) break;
  }
  expect(count).toBeGreaterThan(10);
});
