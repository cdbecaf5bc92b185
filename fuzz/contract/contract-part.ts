// Whether the server does what its own OpenAPI document says, as Schemathesis asks it of a server.
import { loginText, webLoginText } from "@pstore/core/login";
import type { Faults } from "../faults.ts";
import type { Answer } from "../http/connection.ts";
import { escapeText } from "../http/escape.ts";
import { Exchange } from "../http/exchange.ts";
import { faultOfApiAnswer } from "../http/judge.ts";
import type { WireRequest } from "../http/request.ts";
import { type Json, mutateJson } from "../mutate/json.ts";
import { mutateText } from "../mutate/text.ts";
import type { Objects } from "../objects.ts";
import type { Part } from "../part.ts";
import { Random } from "../random.ts";
import type { Sessions } from "../sessions.ts";
import { vocabularyOf } from "../vocabulary.ts";
import type { Operation } from "./description.ts";
import { type Kind, Promises } from "./promises.ts";
import { Sampler, type Schema } from "./sample.ts";

const atOnce = 8;

interface Made extends WireRequest {
  readonly kind: Kind;
  readonly manifests: readonly string[];
}

export class ContractPart implements Part {
  readonly name = "contract";
  readonly atOnce = atOnce;
  readonly #context: {
    sessions: Sessions;
    objects: Objects;
    operations: readonly Operation[];
    seed: number;
    faults: Faults;
  };
  readonly #exchange: Exchange;
  readonly #sampler: Sampler;
  readonly #promises = new Promises();
  readonly #succeeded = new Set<Operation>();

  constructor(context: {
    url: string;
    sessions: Sessions;
    objects: Objects;
    operations: readonly Operation[];
    seed: number;
    faults: Faults;
  }) {
    const { url, sessions, objects, seed, faults } = context;
    this.#context = context;
    this.#exchange = new Exchange({ name: this.name, url, atOnce, faults });
    this.#sampler = new Sampler(seed, vocabularyOf(sessions, objects, "api"));
  }

  /** The operations that have not been done even once: a part that never gets through shows nothing. */
  get neverDone(): readonly string[] {
    return this.#context.operations
      .filter((operation) => !this.#succeeded.has(operation))
      .map(({ method, path }) => `${method} ${path}`);
  }

  async run(index: number, worker: number): Promise<void> {
    const { operations, seed, objects } = this.#context;
    const random = new Random(seed, this.name, index);
    // In turn: so that even a short run comes to each.
    const operation = operations[index % operations.length];
    if (operation === undefined) throw new Error("The API describes no operation.");
    const made = await this.#make(random, operation);
    if (made === null) return;
    const judge = (request: WireRequest, answer: Answer) =>
      faultOfApiAnswer(request, answer) ?? this.#promises.faultOf(operation, made.kind, answer);
    const answer = await this.#exchange.send(index, worker, made, judge);
    if (answer.status < 300) this.#succeeded.add(operation);
    if (answer.status === 200) for (const manifest of made.manifests) objects.learn(manifest);
  }

  end(): Promise<void> {
    return this.#exchange.end();
  }

  async #make(random: Random, operation: Operation): Promise<Made | null> {
    const { sessions } = this.#context;
    const { method, needsSession, body } = operation;
    const chosen = random.below(10);
    const kind: Kind =
      chosen < 6
        ? "valid"
        : chosen < 7
          ? "no session"
          : chosen < 9
            ? "forbidden by its schema"
            : "another method";
    if (kind === "no session" && !needsSession) return null;
    const headers: (readonly [string, string])[] = [];
    if (needsSession && kind !== "no session") {
      // Whoever signs out must not sign out those that others use.
      const token = endsSession(operation) ? await this.#freshToken() : sessions.signer("ann").token;
      headers.push([
        "authorization",
        `Bearer ${endsSession(operation) || random.chance(70) ? token : sessions.signer("root").token}`,
      ]);
    }
    let target = this.#target(random, operation, null);
    let bytes: Uint8Array | null = null;
    let manifests: readonly string[] = [];
    if (body !== null) {
      const json = body["application/json"];
      headers.push(["content-type", Object.keys(body)[0] ?? ""]);
      if (json === undefined) bytes = random.bytes(random.below(2000));
      else {
        const valid = await this.#validBody(random, operation, json.schema);
        manifests = valid.manifests;
        bytes = Buffer.from(JSON.stringify(valid.json));
        if (kind === "forbidden by its schema") {
          const damaged = mutateJson(random, valid.json);
          // Most damage leaves a text that the schema allows, or none that a validator can read.
          if (!isJson(damaged) || this.#promises.validator(json.schema)(JSON.parse(damaged))) return null;
          bytes = Buffer.from(damaged);
        }
      }
    }
    if (kind === "forbidden by its schema" && body?.["application/json"] === undefined) {
      const wrong = this.#wrongParameter(random, operation);
      if (wrong === null) return null;
      target = wrong;
    }
    const others = ["GET", "POST", "PUT", "DELETE", "PATCH"].filter(
      (other) => !this.#context.operations.some((one) => one.path === operation.path && one.method === other),
    );
    const sent = kind === "another method" ? random.pick(others) : method;
    return { method: sent, target, headers, body: bytes, isBroken: false, kind, manifests };
  }

  async #freshToken(): Promise<string> {
    const { sessions } = this.#context;
    return await sessions.openAnother("ann");
  }

  async #validBody(
    random: Random,
    { path }: Operation,
    schema: Schema,
  ): Promise<{ json: Json; manifests: readonly string[] }> {
    const { sessions, objects } = this.#context;
    // What is signed cannot come out of a schema.
    if (path.endsWith("/session") || path.endsWith("/web-link")) {
      const textOf = path.endsWith("/session") ? loginText : webLoginText;
      return { json: await sessions.login("root", textOf), manifests: [] };
    }
    if (path.endsWith("/commits")) {
      const request = objects.commit(sessions.signer("ann"), [objects.next(random)]);
      return { json: request as Json, manifests: request.changes.map(({ manifest }) => manifest) };
    }
    return { json: this.#sampler.sample(random, schema), manifests: [] };
  }

  /** @param wrong the value of one parameter, by its name, in place of a valid one */
  #target(
    random: Random,
    { method, path, parameters }: Operation,
    wrong: readonly [name: string, value: string] | null,
  ): string {
    // What is put somewhere is new; all other names are better of what there is.
    const known = (name: string) => (method === "PUT" ? "" : name);
    const valueFor = (name: string, schema: Schema) =>
      wrong?.[0] === name ? wrong[1] : this.#sampler.sample(random, schema, known(name));
    const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const schema = parameters.find((one) => one.in === "path" && one.name === name)?.schema ?? {};
      return escapeText(String(valueFor(name, schema)));
    });
    const pairs: string[] = [];
    for (const { name, required, schema, in: place } of parameters) {
      if (place !== "query" || (wrong?.[0] !== name && !required && random.chance(50))) continue;
      const value = valueFor(name, schema);
      for (const one of Array.isArray(value) ? value : [value])
        pairs.push(`${name}=${escapeText(String(one))}`);
    }
    return pairs.length === 0 ? target : `${target}?${pairs.join("&")}`;
  }

  #wrongParameter(random: Random, operation: Operation): string | null {
    if (operation.parameters.length === 0) return null;
    const { name, schema, in: place } = random.pick(operation.parameters);
    const value = mutateText(random, String(this.#sampler.sample(random, schema, name))).slice(0, 2000);
    const asSent = schema.type === "array" ? [value] : value;
    // A `.` or a slash, escaped or not, makes another path of it.
    if (this.#promises.validator(schema)(asSent) || (place === "path" && !/^[\w-]{3,}$/.test(value)))
      return null;
    return value.isWellFormed() ? this.#target(random, operation, [name, value]) : null;
  }
}

function endsSession({ method, path }: Operation): boolean {
  return method === "DELETE" && path.endsWith("/session");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return text.isWellFormed();
  } catch {
    return false;
  }
}
