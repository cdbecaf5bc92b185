import { afterEach, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { apiPath } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";
import { Api } from "./api.ts";
import { Authorities } from "./authorities.ts";
import type { Request } from "./exchange.ts";
import type { Repeat, RepeatTimes } from "./repeats.ts";
import { Transport } from "./transport.ts";

const security = { allowHttp: false, authorities: new Authorities(null, undefined) };
const get: Request = { method: "GET", path: "/" };
const short: RepeatTimes = { nobody: 300, away: 2000, named: 3000 };

const servers: Bun.Server<undefined>[] = [];
const listeners: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
  for (const listener of listeners.splice(0)) listener.close();
});

/** Answers each request by the next of these, and all further ones by the last. */
function serve(...answers: ((request: Request & { url: string; text: () => Promise<string> }) => unknown)[]) {
  const asked: string[] = [];
  const server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    async fetch(request) {
      asked.push(`${request.method} ${new URL(request.url).pathname}`);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      return (await answer?.(request as never)) as Response;
    },
  });
  servers.push(server);
  return { url: `http://127.0.0.1:${server.port}`, asked };
}

/** Treats each connection by the next of these, once a request has come whole, and all further ones by the last. */
async function listen(...acts: ((socket: Socket, request: string) => void)[]): Promise<string> {
  const server = createServer((socket) => {
    const act = acts.length > 1 ? acts.shift() : acts[0];
    let request = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      request += bytes.toString("latin1");
      if (/^GET[\s\S]*\r\n\r\n$/.test(request) || /\r\n0\r\n\r\n$/.test(request)) act?.(socket, request);
    });
  });
  listeners.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transportTo(urls: readonly string[], times = short) {
  const repeats: Repeat[] = [];
  const long: Repeat[] = [];
  const repeating = {
    times,
    onRepeat: (one: Repeat) => repeats.push(one),
    onLong: (one: Repeat) => long.push(one),
  };
  return { transport: new Transport(urls, security, async () => {}, repeating), repeats, long };
}

const ok = () => Response.json({ ok: true });
const gateway = () => new Response("<h1>502</h1>", { status: 502 });
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json(
    { type: "about:blank", title: code, status, code, detail: "the server says why" },
    { status, headers },
  );
const full = () => problem(503, "unavailable");
const busy = (seconds: number) => () => problem(503, "unavailable", { "retry-after": `${seconds}` });
const tooMany = (seconds: number) => () => problem(429, "too-many-requests", { "retry-after": `${seconds}` });

const refused = (asking: Promise<unknown>) =>
  asking.then(
    () => ({ code: "none", message: "" }),
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );

test("what a gateway says is down is asked for again, with growing pauses, until it is there", async () => {
  const { url, asked } = serve(gateway, gateway, gateway, ok);
  const { transport, repeats, long } = transportTo([url]);
  expect(await transport.ask(get)).toEqual({ status: 200, json: { ok: true }, url });
  expect(asked).toHaveLength(4);
  expect(repeats.map(({ count }) => count)).toEqual([1, 2, 3]);
  for (const [index, { pause }] of repeats.entries()) {
    expect(pause).toBeLessThanOrEqual(100 * 2 ** index);
    expect(pause).toBeGreaterThanOrEqual(50 * 2 ** index);
  }
  expect(long).toEqual([]);
});

test("of several URLs all are asked each time, and the sentence names the first", async () => {
  const one = serve(gateway);
  const two = serve(gateway, gateway, ok);
  expect((await transportTo([one.url, two.url]).transport.ask(get)).url).toBe(two.url);
  expect([one.asked.length, two.asked.length]).toEqual([3, 3]);
  const { code, message } = await refused(
    transportTo([one.url, serve(gateway).url], { ...short, away: 200 }).transport.ask(get),
  );
  expect({ code, message }).toEqual({
    code: "unavailable",
    message: `could not use ${one.url}: it answered 502, also when repeated for 1 s`,
  });
});

test("what would end the same is not repeated: a server that failed, or that says nothing of a later time", async () => {
  for (const answer of [
    full,
    () => problem(500, "internal-error"),
    () => new Response("", { status: 301 }),
  ]) {
    const { url, asked } = serve(answer);
    const { transport, repeats } = transportTo([url]);
    expect((await refused(transport.ask(get))).code).toBe("unavailable");
    expect({ asked: asked.length, repeats }).toEqual({ asked: 1, repeats: [] });
  }
});

test("a time that the server names is waited for, and who waits for over a second is told", async () => {
  for (const answer of [busy(1), tooMany(1)]) {
    const { url, asked } = serve(answer, ok);
    const other = serve(ok);
    const { transport, long } = transportTo(answer().status === 429 ? [url, other.url] : [url]);
    const start = performance.now();
    expect((await transport.ask(get)).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
    // No other server of the store is a way round a limit.
    expect({ asked: asked.length, other: other.asked.length, long: long.length }).toEqual({
      asked: 2,
      other: 0,
      long: 1,
    });
  }
});

test("a time that is too long ends it at once, and says when to come back", async () => {
  const { url, asked } = serve(tooMany(900));
  expect(await refused(transportTo([url]).transport.ask(get))).toEqual({
    code: "too-many-requests",
    message:
      "the server says why; it asks to be left alone for 900 s, and pstore waits for 3 s in all; try again then, or give --patience",
  });
  expect(asked).toHaveLength(1);
});

test("nothing is said to be left undone when an answer before was lost", async () => {
  const url = await listen(
    (socket) => socket.destroy(),
    (socket) =>
      socket.end("HTTP/1.1 429 No\r\nRetry-After: 900\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
  );
  expect((await refused(transportTo([url]).transport.ask(get))).code).toBe("unavailable");
});

test("an answer that breaks off is asked for again", async () => {
  const url = await listen(
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":'),
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{"ok":true}'),
  );
  expect((await transportTo([url]).transport.ask(get)).json).toEqual({ ok: true });
});

test("where nobody answers it is given up soon; a server that comes meanwhile is found", async () => {
  const port = Number(new URL(await listen(() => {})).port);
  listeners.splice(0)[0]?.close();
  const url = `http://127.0.0.1:${port}`;
  const start = performance.now();
  expect((await refused(transportTo([url]).transport.ask(get))).message).toBe(
    `could not connect to ${url} (connection refused), also when repeated for 1 s; check that the store runs and that --store-url is right`,
  );
  const took = performance.now() - start;
  expect(took).toBeGreaterThanOrEqual(short.nobody);
  expect(took).toBeLessThan(1500);
  const { transport, repeats } = transportTo([url], { ...short, nobody: 5000 });
  const asking = transport.ask(get);
  while (repeats.length < 2) await Bun.sleep(5);
  servers.push(Bun.serve({ hostname: "127.0.0.1", port, fetch: ok }));
  expect((await asking).json).toEqual({ ok: true });
});

test("without patience each URL is asked once, and no more", async () => {
  const [one, two] = [serve(gateway), serve(gateway)];
  const transport = new Transport([one.url, two.url], security, async () => {});
  expect((await refused(transport.ask(get))).message).toBe(`could not use ${one.url}: it answered 502`);
  expect([one.asked.length, two.asked.length]).toEqual([1, 1]);
});

test("what is good for one time is not sent again, and its next attempt goes to the next URL", async () => {
  const one = serve(() => problem(500, "internal-error"));
  const two = serve(ok);
  const { transport, repeats } = transportTo([one.url, two.url]);
  const once: Request = { method: "POST", path: "/", body: "{}", isOnce: true };
  expect((await refused(transport.ask(once))).code).toBe("unavailable");
  expect([one.asked.length, two.asked.length]).toEqual([1, 0]);
  expect((await transport.repeating(() => transport.ask(once))).url).toBe(two.url);
  expect(repeats).toEqual([]);
});

test("an upload is sent again under another id while it is held, and not when it is too large for that", async () => {
  const given: { path: string; size: number }[] = [];
  const answerTo =
    (answer: () => Response) => async (request: { url: string; text: () => Promise<string> }) => {
      given.push({ path: new URL(request.url).pathname, size: (await request.text()).length });
      return answer();
    };
  const stored = () => Response.json({ id: randomUUID(), size: 3, digest: digestOf("abc") });
  const apiTo = (url: string) => new Api(transportTo([url]).transport, async () => "token");
  async function* body(chunks: number) {
    for (let chunk = 0; chunk < chunks; chunk++) yield new Uint8Array(1024 * 1024);
  }
  const { id } = await apiTo(serve(answerTo(gateway), answerTo(stored)).url).upload(body(3));
  const [first, second] = given.splice(0);
  expect(second).toEqual({ path: `${apiPath}/uploads/${id}`, size: 3 * 1024 * 1024 });
  expect(first?.path).not.toBe(second?.path);
  const large = apiTo(serve(answerTo(gateway), answerTo(stored)).url).upload(body(6));
  expect((await refused(large)).message).toContain("it answered 502");
  expect(given).toHaveLength(1);
});

test("a value that breaks off is gone on with", async () => {
  const value = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${value.length}\r\nConnection: close\r\n\r\n`;
  const upTo = (end: number) => (socket: Socket) => {
    socket.write(head);
    socket.end(value.subarray(0, end));
  };
  const url = await listen(upTo(10), upTo(70_000), upTo(70_000), upTo(value.length));
  const api = new Api(transportTo([url]).transport, async () => "token");
  const chunks: Uint8Array[] = [];
  for await (const chunk of await api.value("id", "property", 1)) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(value)).toBe(true);

  const never = new Api(
    transportTo([await listen(upTo(10))], { ...short, away: 300 }).transport,
    async () => "token",
  );
  const reading = (async () => {
    for await (const _ of await never.value("id", "property", 1));
  })();
  expect((await refused(reading)).message).toContain(
    "broke off in the middle of an answer, also when repeated for 1 s",
  );
});
