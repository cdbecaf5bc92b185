// What a server answers to a client: answers that its own description allows, damaged, given to the real client code over HTTP.
import { Api, getChallenge, getStore, postSession } from "@pstore/client/http/api";
import { Authorities } from "@pstore/client/http/authorities";
import { Transport } from "@pstore/client/http/transport";
import { apiPath } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import { openapi } from "@pstore/server/http/api/openapi";
import { routes } from "@pstore/server/http/api/routes/all";
import { type Operation, operationsOf } from "../contract/description.ts";
import { Sampler } from "../contract/sample.ts";
import type { Faults } from "../faults.ts";
import { longestAnswer } from "../http/judge.ts";
import { mutateBytes } from "../mutate/bytes.ts";
import { type Json, mutateJson } from "../mutate/json.ts";
import { type Part, textOf } from "../part.ts";
import { Random } from "../random.ts";

/** Path → what the client does there. */
type Ask = (api: Api, transport: Transport) => Promise<unknown>;

const id = "0f8e6d5c-1b2a-4c3d-9e8f-7a6b5c4d3e2f";
const login = { user: "joe", key: "", origin: "", challenge: "", signature: "" };

const asks: Readonly<Record<string, Ask>> = {
  "GET /store": (_, transport) => getStore(transport),
  "GET /challenge": (_, transport) => getChallenge(transport),
  "POST /session": (_, transport) => postSession(transport, login),
  "GET /users": (api) => api.users(["joe"]),
  "GET /object": (api) => api.object("web", { value: "password", keys: "members" }),
  "GET /objects": (api) => api.objects({ q: "web", exact: true }),
  "GET /objects (all)": async (api) => {
    // A server that always says there is more would keep the client for ever; a person would not wait either.
    let left = 3;
    for await (const { rows } of api.pages("", false)) if (rows.length > 1e6 || --left === 0) break;
  },
  "POST /details": (api) => api.details({ names: ["web"], users: [], have: [] }),
  [`GET /objects/${id}/history`]: (api) => api.history(id, 1, 9),
  [`GET /objects/${id}/kept`]: (api) => api.kept(id, "password"),
  [`GET /objects/${id}/value`]: async (api) => {
    for await (const piece of await api.value(id, "password", 1)) if (piece.length > 2 ** 30) break;
  },
  "POST /search": (api) => api.search("a", "b", false),
  "GET /reads": (api) => api.reads("joe"),
  "GET /user-names": (api) => api.userNames("j"),
  "GET /check": (api) => api.check(),
  "POST /commits": (api) => api.commit("{}"),
};

/** What an operation answers when all is well. */
interface Prepared {
  readonly ask: Ask;
  readonly operation: Operation;
}

export class ClientPart implements Part, Disposable {
  readonly name = "client";
  readonly atOnce = 4;
  readonly #seed: number;
  readonly #faults: Faults;
  readonly #sampler: Sampler;
  readonly #prepared: readonly Prepared[];
  /** Each worker has a server of its own, which answers what the worker has laid out. */
  readonly #servers;
  readonly #answers: Response[] = [];

  constructor(seed: number, faults: Faults) {
    this.#seed = seed;
    this.#faults = faults;
    this.#sampler = new Sampler(seed, null);
    const operations = operationsOf(openapi(routes, "fuzz"));
    this.#prepared = Object.entries(asks).map(([name, ask]) => {
      const [method = "", path = ""] = name.split(" ");
      const described = `${apiPath}${path.replace(id, "{id}")}`;
      const operation = operations.find((one) => one.method === method && one.path === described);
      if (operation === undefined) throw new Error(`The API has no ${name}.`);
      return { ask, operation };
    });
    this.#servers = Array.from({ length: this.atOnce }, (_, worker) =>
      Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        development: false,
        fetch: (): Response => (this.#answers[worker] ?? new Response()).clone() as Response,
      }),
    );
  }

  async run(index: number, worker: number): Promise<void> {
    const random = new Random(this.#seed, this.name, index);
    const { ask, operation } = random.pick(this.#prepared);
    const { status, type, body } = this.#answer(random, operation);
    this.#answers[worker] = new Response([204, 304].includes(status) ? null : body, {
      status,
      headers: { "content-type": type },
    });
    const url = `http://127.0.0.1:${this.#servers[worker]?.port}`;
    const security = { allowHttp: true, authorities: new Authorities(null, undefined) };
    const transport = new Transport([url], security, async () => {});
    const add = (what: string) =>
      this.#faults.add({
        ...{ part: this.name, index, what: `${operation.method} ${operation.path}: ${what}` },
        input: { status, type, body: Buffer.from(body.subarray(0, 3000)).toString() },
      });
    const begin = performance.now();
    try {
      await ask(new Api(transport, async () => "token"), transport);
    } catch (error) {
      if (!(error instanceof Problem)) add(textOf(error));
      else if (error.message.length > 100_000) add(`a sentence of ${error.message.length} characters`);
    }
    const milliseconds = performance.now() - begin;
    // Four share this thread, so that one waits for the other three.
    if (milliseconds > 2 * longestAnswer) add(`took ${Math.round(milliseconds)} ms`);
  }

  #answer(random: Random, { responses }: Operation) {
    const isProblem = random.chance(25);
    const documented = isProblem ? "default" : random.pick(Object.keys(responses));
    const status =
      documented === "default"
        ? random.pick([400, 401, 403, 404, 409, 413, 429, 500, 503, 418])
        : Number(documented);
    const [type = "text/plain", content] = Object.entries(responses[documented]?.content ?? {})[0] ?? [];
    const schema = content?.schema ?? {};
    const valid: Json = schema.format === "binary" ? "" : this.#sampler.sample(random, schema);
    const text = Buffer.from(mutateJson(random, valid));
    return {
      status: random.chance(5) ? random.pick([200, 201, 204, 206, 302, 304, 400, 500]) : status,
      type: random.chance(5) ? random.pick(["text/html", "", "application/json; charset=utf-16"]) : type,
      body: random.chance(10) ? mutateBytes(random, text, []) : Uint8Array.from(text),
    };
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) void server.stop(true);
  }
}
