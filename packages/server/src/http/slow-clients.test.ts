import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { Problem } from "@pstore/core/problem";
import { TrustedProxies } from "./address.ts";
import { problemAnswer } from "./api/answers.ts";
import { bodyOf, readBytes } from "./body.ts";
import { countedAnswer } from "./counted-answer.ts";
import { type Listening, listen } from "./listen.ts";
import { paceOfProducers } from "./pace.ts";
import { streamOf } from "./stream.ts";

/** Shorter than outside of tests, which would take half a minute each. */
const pace = { minRate: 2000, within: 300 };
const config = {
  ...{ host: "127.0.0.1", port: 0, maxUploadSize: 1e9, maxRequestSize: 1e9, grace: 100 },
  trustedProxies: new TrustedProxies(),
};

/** A connection to a server, all that came over it, and its end. */
function connection(server: Listening, request: string) {
  const socket = connect(server.port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (data) => {
    text += data;
  });
  socket.on("error", () => {});
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  socket.write(request);
  return { socket, closed };
}

/** Sends a byte now and then, until the connection ends. */
function drip(socket: Socket, text: string, every: number): void {
  const timer = setInterval(() => socket.write(text), every);
  socket.once("close", () => clearInterval(timer));
}

/** Says how much came, or that it came too slowly. */
async function count(request: Request): Promise<Response> {
  try {
    return new Response(`${(await readBytes(request, { maxSize: 1e9, pace })).length} came`);
  } catch (error) {
    if (error instanceof Problem) return problemAnswer(error, "");
    throw error;
  }
}

const post = (length: number) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;

test("whoever drips a body, or stops in its middle, is told so and dropped", async () => {
  const server = listen(count, config);
  const dripping = connection(server, post(1000));
  drip(dripping.socket, "x", 20);
  const stopping = connection(server, `${post(1000)}xxx`);
  for (const { closed } of [dripping, stopping]) {
    const answer = await closed;
    expect(answer).toStartWith("HTTP/1.1 408 ");
    expect(answer.toLowerCase()).toContain("connection: close");
    expect(answer).toContain("too-slow");
  }
  await server.stop();
});

test("a slow line that is above the least lives, however long it takes, and may stall for a moment", async () => {
  const server = listen(count, config);
  const start = performance.now();
  const { socket, closed } = connection(
    server,
    post(20_000).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
  );
  // Fast for a quarter of a second, then nothing for a moment, then the rest at some 12,500 bytes a second.
  for (let sent = 0; sent < 20_000; sent += 1000) {
    await new Promise((resolve) => setTimeout(resolve, sent < 10_000 ? 25 : sent === 10_000 ? 200 : 80));
    socket.write("x".repeat(1000));
  }
  expect(await closed).toContain("20000 came");
  expect(performance.now() - start).toBeGreaterThan(3 * pace.within);
  await server.stop();
});

test("a value that a program makes may pause for long, and not for ever", async () => {
  const server = listen(async (request) => {
    let size = 0;
    try {
      for await (const chunk of bodyOf(request, paceOfProducers({ ...pace, within: 50 })))
        size += chunk.length;
    } catch (error) {
      return new Response((error as Problem).code);
    }
    return new Response(`${size} came`);
  }, config);
  const head = post(4).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
  const thinking = connection(server, `${head}fu`);
  const silent = connection(server, `${head}fu`);
  await new Promise((resolve) => setTimeout(resolve, 250));
  thinking.socket.write("ll");
  expect(await thinking.closed).toContain("4 came");
  expect(await silent.closed).toContain("too-slow");
  await server.stop();
});

test("only the time counts in which the server waits for the client", async () => {
  const server = listen(async (request) => {
    let size = 0;
    for await (const chunk of bodyOf(request, pace)) {
      size += chunk.length;
      // A disk that is slow.
      await Bun.sleep(2 * pace.within);
    }
    return new Response(`${size} came`, { headers: { connection: "close" } });
  }, config);
  const { closed } = connection(server, `${post(4)}full`);
  expect(await closed).toContain("4 came");
  await server.stop();
});

/** An answer without end, and whether it was given up. */
function endless() {
  const ended = Promise.withResolvers<void>();
  async function* chunks() {
    try {
      for (;;) yield new Uint8Array(1024 * 1024);
    } finally {
      ended.resolve();
    }
  }
  return { chunks, ended: ended.promise };
}

test("whoever stops taking an answer is dropped, and does not take what came for all of it", async () => {
  const { chunks, ended } = endless();
  const taken = { ...pace, minRate: 1e6 };
  const answer = () => countedAnswer(new Response(streamOf(chunks(), taken)), taken, () => {});
  const server = listen(answer, config);
  const { socket, closed } = connection(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const reset = new Promise<unknown>((resolve) => socket.once("error", resolve));
  socket.pause();
  await ended;
  socket.resume();
  // Chunks end with one of no length.
  expect(await closed).not.toEndWith("\r\n0\r\n\r\n");
  expect(await reset).toMatchObject({ code: "ECONNRESET" });
  await server.stop();
});

test("whoever drips the headers of a request, or begins none, is dropped; who waits for an answer, or sends slowly, is not", async () => {
  // In seconds; Bun looks every four.
  const idleTimeout = 1;
  const served = { ...config, idleTimeout };
  const server = listen(async (request) => {
    if (request.method === "GET") await Bun.sleep(10_000);
    return await count(request);
  }, served);
  const dripping = connection(server, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ");
  drip(dripping.socket, "x", 100);
  const silent = connection(server, "");
  const waiting = connection(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  // Less than the 16 KiB a second that Bun wants.
  const sending = connection(server, post(30_000).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  drip(sending.socket, "x".repeat(300), 100);
  const answers = await Promise.all([dripping, silent, waiting, sending].map(({ closed }) => closed));
  expect(answers.slice(0, 2)).toEqual(["", ""]);
  expect(answers[2]).toContain("0 came");
  expect(answers[3]).toContain("30000 came");
  await server.stop();
});
