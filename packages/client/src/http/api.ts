import { readRows } from "@pstore/core/api/rows";
import {
  apiPath,
  Challenge,
  CheckAnswer,
  CommitAnswer,
  Details,
  type DetailsRequest,
  History,
  Kept,
  type LoginRequest,
  ObjectDetail,
  ObjectList,
  type ObjectRow,
  ProblemDetails,
  Reads,
  SearchAnswer,
  Session,
  StoreInfo,
  Upload,
  UserNames,
  Users,
  WebLink,
} from "@pstore/core/api/schemas";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { isServerCode, Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { bytesOf, jsonOf } from "./body.ts";
import type { Request, Transport } from "./transport.ts";

/** What to include with an object. */
export interface Include {
  /** The property whose public value or body shall come along, when it is small. */
  readonly value?: string;
  /** Whose keys shall come along: the newest author's, or all members' too. */
  readonly keys?: "author" | "members";
  /** Further users whose keys shall come along. */
  readonly users?: readonly string[];
  /** Which keys need not be sent, since they are here (see core's have.ts). */
  readonly have?: readonly string[];
  /** Also what is not the user's own. */
  readonly all?: boolean;
  /** Also a deleted object, where none lives under the name. */
  readonly deleted?: boolean;
}

/** The store's API, one method an endpoint. Every answer is checked against its schema, and nothing more. */
export class Api {
  readonly #transport: Transport;
  readonly #token: (renew: boolean) => Promise<string>;

  /** @param token gives the session's token; asked to renew it, a new one */
  constructor(transport: Transport, token: (renew: boolean) => Promise<string>) {
    this.#transport = transport;
    this.#token = token;
  }

  users(names: readonly string[], key?: Fingerprint): Promise<Users> {
    return this.#get("/users", Users, [...names.map((name): Pair => ["name", name]), ["key", key]]);
  }

  object(name: string, include: Include): Promise<ObjectDetail> {
    return this.#get("/object", ObjectDetail, [["name", name], ...query(include)]);
  }

  objects(options: Include & { q?: string; exact?: boolean; cursor?: string }): Promise<ObjectList> {
    const { q, exact, cursor } = options;
    return this.#get("/objects", ObjectList, [
      ["q", q],
      ["exact", exact ? "1" : undefined],
      ["cursor", cursor],
      ...query(options),
    ]);
  }

  /** All pages of a list. The next one is asked for before the last one is checked: the server works meanwhile. */
  async *pages(q: string, all: boolean): AsyncGenerator<{ rows: readonly ObjectRow[]; isLast: boolean }> {
    const ask = async (cursor: string | undefined): Promise<unknown> => {
      const pairs: readonly Pair[] = [
        ["q", q],
        ["cursor", cursor],
        ["all", all ? "1" : undefined],
      ];
      const answer = await this.#signedIn({ method: "GET", path: withQuery("/objects", pairs) });
      return jsonOf(answer, this.#transport.url);
    };
    for (let asked: Promise<unknown> | null = ask(undefined); asked !== null; ) {
      const { objects, next } = ((await asked) ?? {}) as { objects?: unknown; next?: unknown };
      asked = typeof next === "string" ? ask(next) : null;
      // Where this page turns out to be wrong, nobody waits for that one.
      asked?.catch(() => {});
      // A check holds up everything else: so the request is sent first.
      await new Promise(setImmediate);
      const rows = readRows(objects);
      if (rows === null || (asked === null && next !== null)) throw malformed(this.#transport.url);
      yield { rows, isLast: asked === null };
    }
  }

  async details(request: DetailsRequest): Promise<Details> {
    const body = JSON.stringify(request);
    return this.#read(await this.#signedIn({ method: "POST", path: "/details", body }), Details);
  }

  history(id: string, from: number, to: number): Promise<History> {
    return this.#get(`/objects/${id}/history`, History, [
      ["from", `${from}`],
      ["to", `${to}`],
    ]);
  }

  /** @param property the one that matters: only then come the user's wrapped keys, and the log takes it for reading */
  kept(id: string, property?: string): Promise<Kept> {
    return this.#get(`/objects/${id}/kept`, Kept, [["property", property]]);
  }

  async search(key: string | undefined, value: string | undefined, all: boolean): Promise<SearchAnswer> {
    const body = JSON.stringify({ key, value, all });
    return this.#read(await this.#signedIn({ method: "POST", path: "/search", body }), SearchAnswer);
  }

  reads(user: string): Promise<Reads> {
    return this.#get("/reads", Reads, [["user", user]]);
  }

  /** The active users whose name contains a text. */
  userNames(q: string): Promise<UserNames> {
    return this.#get("/user-names", UserNames, [["q", q]]);
  }

  check(): Promise<CheckAnswer> {
    return this.#get("/check", CheckAnswer, []);
  }

  /** The digests of the pieces and the pieces of a value, as they come. */
  async value(id: string, property: string, revision: number): Promise<AsyncIterable<Uint8Array>> {
    const path = withQuery(`/objects/${id}/value`, [
      ["property", property],
      ["revision", `${revision}`],
    ]);
    const answer = await this.#signedIn({ method: "GET", path });
    return bytesOf(answer, this.#transport.url);
  }

  upload(id: string, body: AsyncIterable<Uint8Array>): Promise<Upload> {
    return this.#signedIn({ method: "PUT", path: `/uploads/${id}`, body }).then((answer) =>
      this.#read(answer, Upload),
    );
  }

  /** @param request the JSON of a `CommitRequest`: a repeat must send the very same bytes */
  async commit(request: string): Promise<CommitAnswer> {
    return this.#read(
      await this.#signedIn({ method: "POST", path: "/commits", body: request }),
      CommitAnswer,
    );
  }

  async #get<S extends v.GenericSchema>(
    path: string,
    schema: S,
    pairs: readonly Pair[],
  ): Promise<v.InferOutput<S>> {
    return this.#read(await this.#signedIn({ method: "GET", path: withQuery(path, pairs) }), schema);
  }

  /** Sends with the session's token, and once more with a new one when the server does not know the first. */
  async #signedIn(request: Request): Promise<Response> {
    const path = `${apiPath}${request.path}`;
    const answer = await this.#transport.send({ ...request, path, token: await this.#token(false) });
    if (answer.status !== 401 || typeof request.body === "object")
      return succeeded(answer, this.#transport.url);
    const again = await this.#transport.send({ ...request, path, token: await this.#token(true) });
    return succeeded(again, this.#transport.url);
  }

  #read<S extends v.GenericSchema>(answer: Response, schema: S): Promise<v.InferOutput<S>> {
    return readJson(answer, schema, this.#transport.url);
  }
}

export async function getStore(transport: Transport): Promise<StoreInfo> {
  return open(transport, { method: "GET", path: "/store" }, StoreInfo);
}

export async function getChallenge(transport: Transport): Promise<Challenge> {
  return open(transport, { method: "GET", path: "/challenge" }, Challenge);
}

export async function postSession(transport: Transport, login: LoginRequest): Promise<Session> {
  return open(transport, { method: "POST", path: "/session", body: JSON.stringify(login) }, Session);
}

export async function postWebLink(transport: Transport, login: LoginRequest): Promise<WebLink> {
  return open(transport, { method: "POST", path: "/web-link", body: JSON.stringify(login) }, WebLink);
}

/** A request that needs no session. */
async function open<S extends v.GenericSchema>(
  transport: Transport,
  request: Request,
  schema: S,
): Promise<v.InferOutput<S>> {
  const answer = await transport.send({ ...request, path: `${apiPath}${request.path}` });
  if (answer.status === 404)
    throw new Problem(
      "unavailable",
      `could not use ${transport.url}: no store answers there; check the path in --store-url, and that client and server are of fitting versions`,
    );
  return readJson(await succeeded(answer, transport.url), schema, transport.url);
}

type Pair = readonly [name: string, value: string | undefined];

function query({ value, keys, users = [], have = [], all, deleted }: Include): readonly Pair[] {
  return [
    ["value", value],
    ["keys", keys],
    ["all", all ? "1" : undefined],
    ["deleted", deleted ? "1" : undefined],
    ...users.map((user): Pair => ["user", user]),
    ...have.map((key): Pair => ["have", key]),
  ];
}

function withQuery(path: string, pairs: readonly Pair[]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of pairs) if (value !== undefined) parameters.append(name, value);
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

async function succeeded(answer: Response, url: string): Promise<Response> {
  if (answer.ok) return answer;
  const problem = v.safeParse(ProblemDetails, await jsonOf(answer, url));
  if (!problem.success) {
    throw new Problem(
      "unavailable",
      `could not use ${url}: it answered ${answer.status}, but not as a pstore server does; check --store-url`,
    );
  }
  const { code, detail } = problem.output;
  throw new Problem(isServerCode(code) ? code : "bad-request", detail);
}

async function readJson<S extends v.GenericSchema>(
  answer: Response,
  schema: S,
  url: string,
): Promise<v.InferOutput<S>> {
  return checked(await jsonOf(answer, url), schema, url);
}

function checked<S extends v.GenericSchema>(json: unknown, schema: S, url: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) throw malformed(url);
  return parsed.output;
}

function malformed(url: string): Problem {
  return new Problem(
    "unavailable",
    `could not use ${url}: it does not answer as a pstore server does; check --store-url, and that client and server are of fitting versions`,
  );
}
