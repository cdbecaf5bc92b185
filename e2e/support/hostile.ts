// A server run by an attacker: a real one, behind a proxy that can alter, withhold and invent whatever the client is
// given, and notes all that the client sends. The attacker also reads the database and has accounts of their own.
import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { CommitRequest, ObjectDetail, ObjectList, Revision } from "@pstore/core/api/schemas";
import { apiPath } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { encodeManifest, type Manifest, parseManifest } from "@pstore/core/manifest";
import type { Account, PstoreOptions } from "./account.ts";
import { type GnupgHome, gpg } from "./gnupg.ts";
import type { Finished } from "./process.ts";
import { succeed } from "./process.ts";
import { namespaceOf, signBlob } from "./ssh-key.ts";
import type { SshUser } from "./ssh-user.ts";
import { createTeam, type MemberOptions, type Team, User } from "./team.ts";

/** What the client sent. */
export interface Sent {
  readonly method: string;
  /** Below the API's path, without the query. */
  readonly endpoint: string;
  readonly query: URLSearchParams;
  /** The name and port under which the client knows the server. */
  readonly host: string;
  readonly body: Buffer<ArrayBuffer>;
}

/** What the client is about to be given; an attack changes it. */
export interface Given {
  status: number;
  type: string;
  body: Buffer<ArrayBuffer>;
  /** Further headers of the answer. */
  headers?: Readonly<Record<string, string>>;
  /** Whether the connection is cut instead of an end: before the answer, or after the bytes above. */
  cut: "no" | "before" | "after";
}

export type Attack = (given: Given, sent: Sent) => void;

export const honest: Attack = () => {};

/** Alters the JSON of the answers of an endpoint: in place, or by returning another one. */
export function onJson<T>(endpoint: string | RegExp, alter: (answer: T, sent: Sent) => unknown): Attack {
  return (given, sent) => {
    const isMeant = typeof endpoint === "string" ? endpoint === sent.endpoint : endpoint.test(sent.endpoint);
    if (!isMeant || given.status !== 200) return;
    const answer = JSON.parse(given.body.toString()) as T;
    given.body = Buffer.from(JSON.stringify(alter(answer, sent) ?? answer));
  };
}

/** Alters an object wherever it is given. */
export function onObject(alter: (detail: ObjectDetail) => unknown): Attack {
  const single = onJson<ObjectDetail>("/object", alter);
  const listed = onJson<ObjectList>("/objects", (list) => {
    if (list.object === null) return;
    list.object = (alter(list.object) as ObjectDetail | undefined) ?? list.object;
  });
  return (given, sent) => {
    single(given, sent);
    listed(given, sent);
  };
}

/** Gives an object although the server itself would give none, or another one. */
export function giveObject(detail: ObjectDetail): Attack {
  return (given, sent) => {
    if (sent.endpoint === "/object") answerJson(given, detail);
    if (sent.endpoint === "/objects") answerJson(given, { object: detail, objects: [], next: null });
  };
}

/** Gives an answer with status 200. */
export function answerJson(given: Given, answer: unknown): void {
  given.status = 200;
  given.type = "application/json";
  given.body = Buffer.from(JSON.stringify(answer));
}

/** Gives another revision as an object's newest. */
export function give(revision: Revision): Attack {
  return onObject((detail) => {
    detail.revision = revision;
  });
}

/** Alters the stream of a value: the digests of its pieces, then the pieces. */
export function onStream(alter: (bytes: Buffer<ArrayBuffer>, given: Given) => Buffer<ArrayBuffer>): Attack {
  return (given, sent) => {
    if (sent.endpoint.endsWith("/value") && given.status === 200) given.body = alter(given.body, given);
  };
}

/** Pretends that something is not there. */
export function hide(endpoint: RegExp): Attack {
  return (given, sent) => {
    if (!endpoint.test(sent.endpoint)) return;
    const problem = {
      type: "about:blank",
      title: "not found",
      code: "not-found",
      detail: "there is no such thing",
    };
    answerJson(given, { ...problem, status: 404 });
    given.status = 404;
  };
}

export function all(...attacks: readonly Attack[]): Attack {
  return (given, sent) => {
    for (const attack of attacks) attack(given, sent);
  };
}

/** Bytes (or base64 of bytes) with one bit flipped, in the middle unless told otherwise. */
export function flipped(bytes: Uint8Array, at = Math.floor(bytes.length / 2)): Buffer<ArrayBuffer> {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
export function flippedBase64(text: string, at?: number): string {
  return flipped(Buffer.from(text, "base64"), at).toString("base64");
}

/** The element that a test relies on. @throws Error when it is not there */
export function the<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error("What the test prepares with is not there.");
  return value;
}

/** The proxy that clients speak to. */
export class HostileServer implements AsyncDisposable {
  /** Where requests are passed on to. */
  target = "";
  attack: Attack = honest;
  readonly sent: Sent[] = [];
  /** What the real server answered, before it was altered. */
  readonly answers: { readonly sent: Sent; readonly given: Given }[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<HostileServer> {
    const server = createServer();
    const made = new HostileServer(server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      made.#pass(request, response).catch((error: unknown) => {
        response.statusCode = 599;
        response.end(String(error));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const url = new URL(request.url ?? "/", this.url);
    const body = Buffer.concat(chunks);
    const { method = "GET" } = request;
    const sent: Sent = {
      method,
      endpoint: url.pathname.slice(apiPath.length),
      query: url.searchParams,
      host: request.headers.host ?? "",
      body,
    };
    this.sent.push(sent);
    const { authorization } = request.headers;
    const type = request.headers["content-type"];
    const answer = await fetch(`${this.target}${request.url}`, {
      method,
      headers: { ...(authorization && { authorization }), ...(type && { "content-type": type }) },
      ...(method === "GET" ? {} : { body }),
    });
    const given: Given = {
      status: answer.status,
      type: answer.headers.get("content-type") ?? "",
      body: Buffer.from(await answer.arrayBuffer()),
      cut: "no",
    };
    this.answers.push({ sent, given: { ...given } });
    this.attack(given, sent);
    if (given.cut === "before") {
      request.socket.destroy();
      return;
    }
    response.statusCode = given.status;
    response.setHeader("content-type", given.type);
    for (const [name, value] of Object.entries(given.headers ?? {})) response.setHeader(name, value);
    if (given.cut === "no") {
      response.setHeader("content-length", given.body.length);
      response.end(given.body);
      return;
    }
    response.setHeader("content-length", given.body.length + 1000);
    response.write(given.body, () => request.socket.destroy());
  }

  /** The bodies of all commits that came in. */
  get commits(): readonly string[] {
    return this.sent.filter(({ endpoint }) => endpoint === "/commits").map(({ body }) => body.toString());
  }

  /** The newest true answer about an object, as a client got it. */
  detail(name: string): ObjectDetail {
    for (const { sent, given } of this.answers.toReversed()) {
      if (given.status !== 200 || !["/object", "/objects"].includes(sent.endpoint)) continue;
      const answer = JSON.parse(given.body.toString()) as ObjectDetail & Partial<ObjectList>;
      const detail = sent.endpoint === "/object" ? answer : answer.object;
      if (detail && parseManifest(detail.revision.manifest).object.name === name) return detail;
    }
    throw new Error(`No client has asked for ${name}.`);
  }

  async dispose(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** What a refusal is expected to say, and the circumstances. */
export interface Expectation extends PstoreOptions {
  readonly attack: Attack;
  readonly says: RegExp;
  /** What stdout may hold. Default: nothing. */
  readonly stdout?: string;
}

/** A team whose server is run by an attacker. */
export class Scene implements AsyncDisposable {
  readonly team: Team;
  readonly server: HostileServer;
  /** Every secret of the tests holds this. */
  static readonly secret = "s3cret";
  #machines = 0;
  #states = 0;

  private constructor(team: Team, server: HostileServer) {
    this.team = team;
    this.server = server;
  }

  static async make(...users: readonly (string | MemberOptions)[]): Promise<Scene> {
    const server = await HostileServer.start();
    const team = await createTeam({ users: [], server: { serve: ["--public-url", server.url] } });
    server.target = team.server.url;
    const scene = new Scene(team, server);
    for (const user of users) await scene.add(user);
    return scene;
  }

  async add(member: string | MemberOptions): Promise<User> {
    return this.lead(await this.team.add(member));
  }

  /** Leads a user's client to the attacker. */
  async lead<Member extends Account>(user: Member, ...options: readonly string[]): Promise<Member> {
    // What is broken on purpose stays broken: nobody shall wait for it.
    await user.configure(`--store-url=${this.server.url}`, `--user=${user.name}`, "--patience=0", ...options);
    return user;
  }

  user(name: string): User {
    return this.team.user(name);
  }

  users<const Names extends readonly string[]>(...names: Names): { [At in keyof Names]: User } {
    return this.team.users(...names);
  }

  /** Makes a machine with a password and further encrypted properties, and returns its name. */
  async machine(
    owner: Account,
    options: {
      with?: readonly string[];
      secrets?: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;
    } = {},
  ): Promise<string> {
    const name = `machine-${++this.#machines}.example.com`;
    const others = (options.with ?? []).map((user) => `+${user}`);
    await this.does(owner, ["-c", name, ...others], `${Scene.secret} password of ${name}\n`);
    for (const [property, value] of Object.entries(options.secrets ?? {})) {
      await this.does(owner, [name, "-pe", property], value);
    }
    return name;
  }

  /** Runs an honest command that must succeed. */
  async does(
    user: Account,
    args: readonly string[],
    stdin?: string | Uint8Array<ArrayBuffer>,
  ): Promise<Finished> {
    const finished = await user.pstore(args, stdin === undefined ? {} : { stdin });
    if (finished.code !== 0) throw new Error(`pstore ${args.join(" ")}: ${finished.stderr}`);
    return finished;
  }

  /** The environment of a client that has never spoken to the store. */
  newcomer(user: Account): Readonly<Record<string, string>> {
    return { XDG_STATE_HOME: join(user.home, `state-${++this.#states}`) };
  }

  /** Runs a command against an attack. */
  async under(
    attack: Attack,
    user: Account,
    args: readonly string[],
    options: PstoreOptions = {},
  ): Promise<Finished> {
    this.server.attack = attack;
    try {
      return await user.pstore(args, options);
    } finally {
      this.server.attack = honest;
    }
  }

  /**
   * Expects that a command refuses an attack: exit 1, one sentence that tells what is wrong, nothing on stdout, no
   * secret on stderr, and no commit sent.
   */
  async refuses(user: Account, args: readonly string[], expected: Expectation): Promise<string> {
    const { attack, says, stdout = "", ...options } = expected;
    const before = this.server.commits.length;
    const { code, text, stderr } = await this.under(attack, user, args, options);
    const told = stderr.trimEnd().split("\n");
    const sentences = told.filter((line) => !/^(?:NOTICE|WARNING): /.test(line));
    expect({ code, stdout: text, sentences }).toEqual({
      code: 1,
      stdout,
      sentences: [expect.stringMatching(/^(?:error|backend error): [^\n]{20,}$/)],
    });
    expect(sentences[0]).toMatch(says);
    expect(stderr).not.toMatch(/pstore has a fault|\n\s+at /);
    expect(stderr).not.toContain(Scene.secret);
    expect(this.server.commits.slice(before)).toEqual([]);
    return stderr;
  }

  /** Queries the attacker's own database. */
  database<Row>(sql: string, ...values: readonly (string | number)[]): Row[] {
    const database = new Database(this.team.server.database, { readonly: true });
    try {
      return database.query<Row, (string | number)[]>(sql).all(...values);
    } finally {
      database.close();
    }
  }

  /** The stored bytes of a property: of its newest value, or of that of a revision. */
  stored(name: string, property: string, revision?: number): Buffer<ArrayBuffer> {
    const rows = this.database<{ bytes: Uint8Array }>(
      `SELECT value_pieces.bytes FROM value_pieces JOIN stored_values ON stored_values.id = value_id
       JOIN objects ON objects.id = object_id
       WHERE objects.name = ?1 AND property = ?2 AND stored_values.revision = coalesce(nullif(?3, 0),
         (SELECT max(v.revision) FROM stored_values v WHERE v.object_id = objects.id AND v.property = ?2))
       ORDER BY seq`,
      name,
      property,
      revision ?? 0,
    );
    return Buffer.concat(rows.map(({ bytes }) => bytes));
  }

  /** The stored wrapped key of a property for a user's first key, base64: the newest, or that of a revision. */
  wrapped(name: string, property: string, user: Account, revision?: number): string {
    const [row] = this.database<{ bytes: Uint8Array }>(
      `SELECT bytes FROM wrapped_keys JOIN stored_values ON stored_values.id = value_id
       JOIN objects ON objects.id = object_id
       WHERE objects.name = ? AND property = ? AND fingerprint = ? AND ? IN (0, stored_values.revision)
       ORDER BY stored_values.revision DESC`,
      name,
      property,
      keyOf(user),
      revision ?? 0,
    );
    return Buffer.from(the(row).bytes).toString("base64");
  }

  /** The revisions of an object as the server keeps them. */
  revision(name: string, number: number): Revision {
    const [row] = this.database<{
      manifest: string;
      body: string;
      signature: string;
      position: number;
      path: string;
    }>(
      `SELECT manifest, body, signature, position, path FROM revisions
       JOIN commits ON commits.digest = commit_digest JOIN objects ON objects.id = object_id
       WHERE objects.name = ? AND revisions.revision = ?`,
      name,
      number,
    );
    const { manifest, body, signature, position, path } = the(row);
    return { manifest, commit: body, signature, index: position, path: path === "" ? [] : path.split(" ") };
  }

  manifest(name: string, number: number): Manifest {
    return parseManifest(this.revision(name, number).manifest);
  }

  /** Whether what a client sent would let a user's keys read anything. */
  wrapsFor(commit: string, user: Account): boolean {
    const { changes } = JSON.parse(commit) as CommitRequest;
    return changes.some(({ wrappedKeys }) => wrappedKeys.some(({ key }) => key === keyOf(user)));
  }

  async dispose(): Promise<void> {
    await this.server.dispose();
    await this.team.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

export function keyOf(user: Account): Fingerprint {
  return user.key;
}

/** A user as a member of a manifest. */
export function memberOf(user: Account): Manifest["members"] {
  return new Map([[user.name, { access: "write" as const, keys: new Map([[user.key, user.part]]) }]]);
}

/** A user who signs outside of any client. */
export type Signer = User | SshUser;

/** A signature of a commit by a user's first key, base64. */
export async function signAs(user: Signer, text: string): Promise<string> {
  if (user instanceof User) return signWith(user.gnupg, user.fingerprint, text);
  return signBlob(user.ssh, text, namespaceOf("commit"));
}
export async function signWith(
  home: GnupgHome,
  fingerprint: string,
  text: string,
  ...options: string[]
): Promise<string> {
  const argv = [
    "gpg",
    "--batch",
    "--no-tty",
    ...options,
    "--local-user",
    `${fingerprint}!`,
    "--digest-algo",
    "SHA512",
  ];
  const { stdout } = await succeed([...argv, "--detach-sign"], { env: home.env, stdin: text });
  return Buffer.from(stdout).toString("base64");
}

/** A revision that a user signs outside of any client. */
export async function signedBy(user: Signer, manifest: Manifest): Promise<Revision> {
  const text = encodeManifest(manifest);
  const commit = commitText(commitOf(manifest.store, [text]));
  return { manifest: text, commit, signature: await signAs(user, commit), index: 0, path: [] };
}

/** What may follow a revision, by an author, with some change. */
export function following(before: Manifest, author: Account, change: Partial<Manifest> = {}): Manifest {
  return {
    ...before,
    revision: before.revision + 1,
    previous: digestOf(encodeManifest(before)),
    author: { user: author.name, key: keyOf(author) },
    ...change,
  };
}

/** What a reader who is in league with the attacker tells: the session key in a wrapped key of theirs. */
export async function leakedSessionKey(reader: User, wrapped: string): Promise<Uint8Array> {
  const dummy = Buffer.concat([Buffer.from([0xd2, 41, 1]), crypto.getRandomValues(new Uint8Array(40))]);
  const stdin = Buffer.concat([Buffer.from(wrapped, "base64"), dummy]);
  const { text } = await gpg(reader.gnupg, ["--show-session-key", "--status-fd", "1", "--decrypt"], stdin);
  return Buffer.from(the(/SESSION_KEY 9:([0-9A-F]{64})/.exec(text)?.[1]), "hex");
}
