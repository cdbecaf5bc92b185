// Requests to the API: of each operation that the server describes, valid in most parts and wrong in one or a few.
import { apiPath } from "@pstore/core/api/schemas";
import type { Operation } from "../contract/description.ts";
import { Sampler } from "../contract/sample.ts";
import { damagedCommit } from "../damaged-commits.ts";
import { mutateBytes } from "../mutate/bytes.ts";
import { type Json, mutateJson } from "../mutate/json.ts";
import { mutateText } from "../mutate/text.ts";
import type { Objects } from "../objects.ts";
import type { Random } from "../random.ts";
import type { Sessions } from "../sessions.ts";
import { vocabularyOf } from "../vocabulary.ts";
import { damagePairs, rawTarget } from "./damaged-target.ts";
import { escapeText } from "./escape.ts";
import { brokenHeader, fieldValue, strangeHeader } from "./headers.ts";
import type { WireRequest } from "./request.ts";

export interface ApiRequest extends WireRequest {
  readonly operation: Operation;
  /** Whether it bears a session's true token. */
  readonly isSignedIn: boolean;
  /** The manifests that the store has when the answer is 200. */
  readonly manifests: readonly string[];
}

/** Of three hundred requests, one goes to a route that makes whoever is refused wait for half a second or a whole one. */
const slowRoutes: readonly string[] = [`${apiPath}/session`, `${apiPath}/web-link`];

export class ApiRequests {
  readonly #sessions: Sessions;
  readonly #objects: Objects;
  readonly #sampler: Sampler;
  readonly #quick: readonly Operation[];
  readonly #slow: readonly Operation[];

  constructor(context: {
    sessions: Sessions;
    objects: Objects;
    operations: readonly Operation[];
    seed: number;
  }) {
    const { sessions, objects, operations, seed } = context;
    this.#sessions = sessions;
    this.#objects = objects;
    this.#sampler = new Sampler(seed, vocabularyOf(sessions, objects, "api"));
    this.#slow = operations.filter(({ method, path }) => method === "POST" && slowRoutes.includes(path));
    this.#quick = operations.filter((operation) => !this.#slow.includes(operation));
  }

  make(random: Random): ApiRequest {
    const operation = random.pick(random.below(300) === 0 ? this.#slow : this.#quick);
    const wrong = wrongParts(random, operation);
    const isCommit = operation.path.endsWith("/commits");
    const commit =
      isCommit && random.chance(85) ? damagedCommit(random, this.#sessions, this.#objects) : null;
    let target = this.#target(random, operation, wrong);
    const headers: (readonly [string, string])[] = [];
    const { name, value, isTrue } = this.#credential(random, operation, wrong.has("credential"));
    if (value !== null) headers.push([name, value]);
    let body = commit?.body ?? this.#body(random, operation, wrong.has("body"));
    if (body !== null) headers.push(["content-type", Object.keys(operation.body ?? {})[0] ?? "text/plain"]);
    if (wrong.has("headers"))
      for (let more = random.below(3); more >= 0; more--) headers.push(strangeHeader(random));
    let isBroken = false;
    if (wrong.has("wire")) {
      isBroken = true;
      if (random.chance(50)) headers.push(brokenHeader(random));
      else target = rawTarget(random, target);
    }
    if (body === null && random.chance(3)) body = random.bytes(random.below(200));
    const method = wrong.has("method") ? random.pick(methods) : operation.method;
    return {
      ...{ method, target, headers, body, isBroken, operation },
      isSignedIn: isTrue && !isBroken,
      manifests: commit?.manifests ?? [],
    };
  }

  #target(random: Random, { method, path, parameters }: Operation, wrong: ReadonlySet<string>): string {
    let target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const schema = parameters.find((one) => one.in === "path" && one.name === name)?.schema ?? {};
      // Most of what is put somewhere is new.
      const known = method === "PUT" && random.chance(80) ? "" : name;
      const value = String(this.#sampler.sample(random, schema, known));
      return escapeText(wrong.has("path") ? mutateText(random, value) : value);
    });
    if (wrong.has("path") && random.chance(40))
      target = random.pick([
        `${target}/`,
        `/${target}`,
        `${target}/x`,
        target.toUpperCase(),
        `${target}/../check`,
        `${target}%2f`,
        `${target};a=b`,
      ]);
    const pairs: string[] = [];
    for (const { name, required, schema, in: place } of parameters) {
      if (place !== "query" || (!required && random.chance(60))) continue;
      const sampled = this.#sampler.sample(random, schema, name);
      for (const value of Array.isArray(sampled) ? sampled : [sampled])
        pairs.push(`${name}=${escapeText(String(value))}`);
    }
    if (wrong.has("query"))
      damagePairs(
        random,
        pairs,
        parameters.map(({ name }) => name),
      );
    return pairs.length === 0 ? target : `${target}?${pairs.join("&")}`;
  }

  #credential(random: Random, { needsSession, path }: Operation, isWrong: boolean) {
    const name = "authorization";
    if (!needsSession && random.chance(80)) return { name, value: null, isTrue: false };
    // Ann is the one whose objects are there.
    const signer = random.chance(70) ? this.#sessions.signer("ann") : random.pick(this.#sessions.signers);
    // Whoever ends the session that all others use stops the whole fuzzing for a moment.
    const endsSession = path.endsWith("/session") && !random.chance(1);
    if (!isWrong && !endsSession) return { name, value: `Bearer ${signer.token}`, isTrue: true };
    const value = fieldValue(mutateText(random, `Bearer ${signer.token.slice(1)}`));
    return { name, value, isTrue: false };
  }

  #body(random: Random, { body, path }: Operation, isWrong: boolean): Uint8Array | null {
    if (body === null) return null;
    const json = body["application/json"];
    if (json === undefined) return random.bytes(isWrong && random.chance(2) ? 3_200_000 : random.below(3000));
    const sampled = this.#sampler.sample(random, json.schema, path);
    if (!isWrong) return Buffer.from(JSON.stringify(sampled));
    if (random.chance(5)) return random.bytes(random.below(300));
    const text = Buffer.from(mutateJson(random, sampled as Json));
    return random.chance(10) ? mutateBytes(random, text, []) : text;
  }
}

const methods = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "PROPFIND",
  "get",
];

function wrongParts(random: Random, { parameters, body }: Operation): ReadonlySet<string> {
  const parts = ["headers", "credential", "path", "query", "wire", "method"];
  // What an operation reads itself is what most often goes wrong in it.
  if (parameters.length > 0) parts.push("query", "query", "query", "path");
  if (body !== null) parts.push("body", "body", "body", "body", "body", "body");
  const wrong = new Set<string>();
  for (let times = 1 + (random.chance(25) ? 1 : 0); times > 0; times--) wrong.add(random.pick(parts));
  return wrong;
}
