import { expect, test } from "bun:test";
import { countedAnswer } from "./counted-answer.ts";
import { type Pace, paceTime } from "./pace.ts";
import { streamOf } from "./stream.ts";

const pace = { minRate: 1024, within: paceTime };

/** An answer, and the bytes that it says it had, each time that it says so. */
async function counted(response: Response, slow: Pace = pace) {
  const said: number[] = [];
  const told = Promise.withResolvers<void>();
  const answer = await countedAnswer(response, slow, (bytes) => {
    said.push(bytes);
    told.resolve();
  });
  return { answer, said, told: told.promise };
}

async function* threePieces() {
  for (let at = 0; at < 3; at++) yield new Uint8Array(100_000);
}

test("an answer in memory is counted at once, and stays what it is", async () => {
  const { answer, said } = await counted(Response.json({ name: "ü" }, { status: 201 }));
  expect(said).toEqual(['{"name":"ü"}'.length + 1]);
  expect([answer.status, answer.headers.get("content-type"), await answer.json()]).toEqual([
    201,
    expect.stringContaining("application/json"),
    { name: "ü" },
  ]);
  const nothing = await counted(new Response(null, { status: 204 }));
  expect([nothing.answer.status, nothing.said]).toEqual([204, [0]]);
});

test("a stream is counted when it has been taken, and comes through as it is", async () => {
  const headers = { "content-length": "300000" };
  const { answer, said } = await counted(new Response(streamOf(threePieces(), pace), { headers }));
  expect(said).toEqual([]);
  expect((await answer.bytes()).length).toBe(300_000);
  expect(said).toEqual([300_000]);
  expect(answer.headers.get("content-length")).toBe("300000");
});

test("of a stream whose taker goes away, what was taken is counted, and its source ends", async () => {
  const ended = Promise.withResolvers<void>();
  async function* chunks() {
    try {
      for (;;) yield new Uint8Array(1000);
    } finally {
      ended.resolve();
    }
  }
  const { answer, said } = await counted(new Response(streamOf(chunks(), pace)));
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await ended.promise;
  expect(said).toEqual([1000]);
});

test("a stream that is broken off while nobody takes anything ends for who was to take it, too", async () => {
  const slow = { minRate: 1_000_000_000, within: 20 };
  const { answer, told } = await counted(new Response(streamOf(threePieces(), slow)));
  const reader = answer.body?.getReader();
  await reader?.read();
  await told;
  expect(await reader?.read().catch(() => "broken off")).toBe("broken off");
});

test("a large answer in memory goes out in pieces, at the pace of a stream", async () => {
  const large = new Uint8Array(1024 * 1024 + 1);
  const { answer, said } = await counted(new Response(large));
  expect(answer.headers.get("content-length")).toBe(String(large.length));
  expect((await answer.bytes()).length).toBe(large.length);
  expect(said).toEqual([large.length]);
  const slow = await counted(new Response(large), { minRate: 1_000_000_000, within: 20 });
  const reader = slow.answer.body?.getReader();
  await reader?.read();
  await slow.told;
  expect(slow.said[0]).toBeLessThan(large.length);
});

test("a stream whose source fails fails", async () => {
  async function* chunks() {
    yield new Uint8Array(10);
    throw new Error("no more");
  }
  const { answer, said } = await counted(new Response(streamOf(chunks(), pace)));
  expect(async () => await answer.bytes()).toThrow("no more");
  expect(said).toEqual([10]);
});
