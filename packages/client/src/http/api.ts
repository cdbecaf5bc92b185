import { randomUUID } from "node:crypto";
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
import { Problem } from "@pstore/core/problem";
import type * as v from "valibot";
import { checked, malformed, problemOf, succeeded } from "./answers.ts";
import { bytesOf, jsonOf } from "./body.ts";
import type { Request } from "./exchange.ts";
import { Failure } from "./failure.ts";
import type { Answer, Transport } from "./transport.ts";

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
      return (await this.#ask({ method: "GET", path: withQuery("/objects", pairs) })).json;
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
    return this.#read({ method: "POST", path: "/details", body }, Details);
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
    return this.#read({ method: "POST", path: "/search", body }, SearchAnswer);
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

  /** The digests of the pieces and the pieces of a value, as they come. Should they break off, the rest is asked for. */
  async value(id: string, property: string, revision: number): Promise<AsyncIterable<Uint8Array>> {
    const path = withQuery(`/objects/${id}/value`, [
      ["property", property],
      ["revision", `${revision}`],
    ]);
    return this.#allOf(await this.#open(path), path);
  }

  async *#allOf(opened: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
    let got = 0;
    for (let bytes = opened; ; ) {
      try {
        for await (const chunk of bytes) {
          got += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        const { goneOn } = await import("./going-on.ts");
        bytes = await goneOn(this.#transport, { error, got, open: () => this.#open(path) });
      }
    }
  }

  /** @returns the bytes of an answer as they come */
  async #open(path: string): Promise<AsyncIterable<Uint8Array>> {
    const request: Request = { method: "GET", path: `${apiPath}${path}` };
    const answer = await this.#signedIn((token) => this.#transport.send({ ...request, token }));
    const { url } = this.#transport;
    if (!answer.ok) throw problemOf({ status: answer.status, json: await jsonOf(answer, url), url });
    return bytesOf(answer, url);
  }

  /**
   * Uploads bytes under a new random id. They are sent again, under another one, as long as all that was read is held.
   * @throws Problem `unavailable` when the connection breaks off after that
   */
  async upload(body: AsyncIterable<Uint8Array>): Promise<Upload> {
    const { Replay } = await import("./replay.ts");
    const replay = new Replay(body);
    return await this.#transport.repeating(async () => {
      const id = randomUUID();
      const token = await this.#token(false);
      const path = `${apiPath}/uploads/${id}`;
      try {
        const answer = await this.#transport.ask({ method: "PUT", path, token, body: replay.bytes() });
        return { ...checked(succeeded(answer), Upload, answer.url), id };
      } catch (error) {
        if (error instanceof Failure && !replay.isWhole)
          throw new Problem(error.code, error.message, { cause: error });
        throw error;
      }
    });
  }

  /** @param request the JSON of a `CommitRequest`: a repeat must send the very same bytes */
  commit(request: string): Promise<CommitAnswer> {
    return this.#read({ method: "POST", path: "/commits", body: request }, CommitAnswer);
  }

  #get<S extends v.GenericSchema>(
    path: string,
    schema: S,
    pairs: readonly Pair[],
  ): Promise<v.InferOutput<S>> {
    return this.#read({ method: "GET", path: withQuery(path, pairs) }, schema);
  }

  async #read<S extends v.GenericSchema>(request: Request, schema: S): Promise<v.InferOutput<S>> {
    const answer = await this.#ask(request);
    return checked(answer.json, schema, answer.url);
  }

  /** @throws Problem what the server says, where that is no success */
  async #ask(request: Request): Promise<Answer> {
    const path = `${apiPath}${request.path}`;
    const answer = await this.#signedIn((token) => this.#transport.ask({ ...request, path, token }));
    succeeded(answer);
    return answer;
  }

  /** Sends with the session's token, and once more with a new one when the server does not know the first. */
  async #signedIn<T extends { readonly status: number }>(send: (token: string) => Promise<T>): Promise<T> {
    const answer = await send(await this.#token(false));
    return answer.status === 401 ? await send(await this.#token(true)) : answer;
  }
}

export async function getStore(transport: Transport): Promise<StoreInfo> {
  return open(transport, { method: "GET", path: "/store" }, StoreInfo);
}

export async function getChallenge(transport: Transport): Promise<Challenge> {
  return open(transport, { method: "GET", path: "/challenge" }, Challenge);
}

export async function postSession(transport: Transport, login: LoginRequest): Promise<Session> {
  return open(transport, proofAt("/session", login), Session);
}

export async function postWebLink(transport: Transport, login: LoginRequest): Promise<WebLink> {
  return open(transport, proofAt("/web-link", login), WebLink);
}

/** A challenge is good for one time at one URL: where no answer comes, only another one can tell more. */
function proofAt(path: string, login: LoginRequest): Request {
  return { method: "POST", path, body: JSON.stringify(login), isOnce: true };
}

/** A request that needs no session. */
async function open<S extends v.GenericSchema>(
  transport: Transport,
  request: Request,
  schema: S,
): Promise<v.InferOutput<S>> {
  const answer = await transport.ask({ ...request, path: `${apiPath}${request.path}` });
  if (answer.status === 404)
    throw new Problem(
      "unavailable",
      `could not use ${answer.url}: no store answers there; check the path in --store-url, and that client and server are of fitting versions`,
    );
  return checked(succeeded(answer), schema, answer.url);
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
