/** A real store for tests: a database file, real keys, and the app without a port. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { apiPath, type CommitRequest, type NewValue, type WrappedKey } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { keyCommitment } from "@pstore/core/commitment";
import { digestOf, measure } from "@pstore/core/digest";
import { type Fingerprint, isSsh, openpgpFingerprint } from "@pstore/core/fingerprint";
import type { Purpose } from "@pstore/core/keys/signature";
import { encryptionSubkey } from "@pstore/core/keys/usability";
import { readUserKey } from "@pstore/core/keys/user-key";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import { loginText } from "@pstore/core/login";
import { encodeManifest, type Manifest, type Member, type Property } from "@pstore/core/manifest";
import { sealWhole } from "@pstore/core/openpgp/body";
import { GnupgHome } from "@pstore/core/openpgp/gnupg-for-tests";
import { readSshPrivateKey, type SshPrivateKey } from "@pstore/core/ssh/private-key";
import { dearmorSshsig } from "@pstore/core/ssh/ssh-for-tests";
import { type FreshDatabase, freshDatabase } from "./database/fresh-for-tests.ts";
import type { Location } from "./database/location.ts";
import { createTables } from "./database/migrate.ts";
import { createDatabase } from "./database/open.ts";
import type { AuditTable, StoreTable } from "./database/schema.ts";
import type { StoreDatabase } from "./database/store-database.ts";
import { createApp } from "./http/app.ts";
import { paceTime } from "./http/pace.ts";
import { RequestMetrics } from "./metrics/requests.ts";
import { addUser, createStore, type NewUser } from "./services/accounts.ts";
import { BackgroundCheck } from "./services/check/background.ts";
import { addKey } from "./services/keys.ts";
import { RequestLimits } from "./services/limits/requests.ts";
import { defaultSizeLimits } from "./services/limits/sizes.ts";
import { Readiness } from "./services/readiness.ts";

export const origin = "http://127.0.0.1:4711";
export const actor = { userName: "cli:test", fingerprint: "", address: "cli" };

/** A text as a value. */
export const bytes = (text: string) => new TextEncoder().encode(text);

type SshType = "rsa" | "ed25519";

/** All requests have it: so that answers that are to be the same are the same. */
export const requestId = "test-request";

/** As many requests as one likes. */
export const unlimited = { maxAddressRequests: 0, maxUserRequests: 0, maxRefusals: 0 };

/** A user who may do nothing special. */
const plainUser = {
  email: "",
  fullName: "",
  staff: false,
  superuser: false,
  viewAny: false,
  password: null,
};

function sshKeygen(args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync("ssh-keygen", args, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`ssh-keygen ${args.join(" ")}: ${stderr}`);
  return stdout;
}

export interface TestUser {
  readonly name: string;
  readonly key: Fingerprint;
  readonly subkey: Fingerprint | null;
  readonly block: Uint8Array;
  /** For manifests. */
  readonly keys: ReadonlyMap<Fingerprint, Fingerprint | null>;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly body: any;
  readonly response: Response;
}

/** How often others could have had their turn while something was done. */
export async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let isOver = false;
  const done = work().finally(() => {
    isOver = true;
  });
  let turns = 0;
  for (; !isOver; turns++) await setImmediate();
  await done;
  return turns;
}

/** A manifest under way: what a client would send for it. */
export interface Draft {
  manifest: Manifest;
  values: NewValue[];
  wrappedKeys: WrappedKey[];
}

export class TestStore {
  readonly folder: string;
  readonly gpg = new GnupgHome();
  readonly log: string[] = [];
  /** The files of private keys of OpenSSH; the public ones lie beside them. */
  readonly #sshFiles = new Map<Fingerprint, string>();
  readonly db: StoreDatabase;
  store: StoreTable;
  /** Stopped with the store. */
  readonly checks: BackgroundCheck;
  fetch: (request: Request) => Promise<Response>;
  sessionTime = 900;
  refusalTime = 0;
  limits = defaultSizeLimits;
  /** Tests make many requests within a minute. */
  requests = new RequestLimits(unlimited);
  pace = { minRate: 1024, within: paceTime };
  /** Whether the server is said to have a mail server; it has none. */
  sendsMail = true;
  metrics = new RequestMetrics();
  /** Where requests come from. */
  address = "192.0.2.1";
  /** Under which the server is reached. */
  origins: readonly string[] = [origin];

  readonly #fresh: FreshDatabase;

  private constructor(fresh: FreshDatabase, db: StoreDatabase) {
    this.folder = mkdtempSync("/tmp/p-");
    this.#fresh = fresh;
    this.db = db;
    this.store = { id: "", challenge_secret: new Uint8Array(), created: "" };
    this.checks = new BackgroundCheck(this, (line) => this.log.push(line));
    this.fetch = async () => new Response();
  }

  /** @param open makes the empty database */
  static async make(
    open: (location: Location) => Promise<StoreDatabase> = createDatabase,
  ): Promise<TestStore> {
    const fresh = await freshDatabase();
    const made = new TestStore(fresh, await open(fresh.location));
    await createTables(made.db);
    made.store = await createStore(made.db);
    const app = createApp({
      db: made.db,
      store: made.store,
      checks: made.checks,
      get sendsMail() {
        return made.sendsMail;
      },
      version: "test",
      loginRules: () => ({
        origins: made.origins,
        sessionTime: made.sessionTime,
        refusalTime: made.refusalTime,
      }),
      get limits() {
        return made.limits;
      },
      get requests() {
        return made.requests;
      },
      get pace() {
        return made.pace;
      },
      keepHistory: 30,
      readiness: new Readiness(made.db, (_, line) => made.log.push(line)),
      observer: made.metrics,
      log: (line, request) => made.log.push(request === undefined ? line : `request ${request}: ${line}`),
    });
    made.fetch = async (request) => await app.fetch(request, { address: made.address, requestId });
    return made;
  }

  get location(): Location {
    return this.#fresh.location;
  }

  /** For `--database`. */
  get url(): string {
    return this.#fresh.url;
  }

  async close(): Promise<void> {
    await this.checks.stop();
    await this.db.destroy();
    await this.#fresh.drop();
    this.gpg.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The whole audit log, oldest first. */
  async audit(): Promise<AuditTable[]> {
    return await this.db.selectFrom("audit").selectAll().orderBy("time").orderBy("id").execute();
  }

  /** Makes a user with a Curve25519 key, or with one without an encryption subkey, which is registered as write-only. */
  async addUser(name: string, options: Partial<NewUser> & { writeOnly?: boolean } = {}): Promise<TestUser> {
    await addUser(this.db, actor, { ...plainUser, name, ...options });
    return await this.addKey(name, name, options.writeOnly ?? false);
  }

  async addKey(user: string, keyName: string, writeOnly = false): Promise<TestUser> {
    const hex = this.gpg.generate(
      keyName,
      "ed25519",
      "sign,cert",
      "never",
      writeOnly ? [] : [["cv25519", "encr", "never"]],
    );
    const block = this.gpg.run(["--export", hex]);
    await addKey(this.db, actor, { user, block, writeOnly, description: "" });
    const key = openpgpFingerprint(hex);
    const publicKey = await readUserKey(block);
    const subkey = writeOnly ? null : encryptionSubkey(publicKey, new Date(), "").fingerprint;
    return { name: user, key, subkey, block, keys: new Map([[key, subkey]]) };
  }

  /** Makes a user with a key of OpenSSH. */
  async addSshUser(
    name: string,
    type: SshType,
    options: Partial<NewUser> & { writeOnly?: boolean } = {},
  ): Promise<TestUser> {
    await addUser(this.db, actor, { ...plainUser, name, ...options });
    return await this.addSshKey(name, type, options.writeOnly ?? false);
  }

  async addSshKey(user: string, type: SshType, writeOnly = false): Promise<TestUser> {
    const { key, line } = await this.makeSshKey(type, `${user}@example.com`);
    const block = Buffer.from(line);
    await addKey(this.db, actor, { user, block, writeOnly, description: "" });
    const subkey = writeOnly ? null : key;
    return { name: user, key, subkey, block, keys: new Map([[key, subkey]]) };
  }

  /** Makes a key that nobody has. */
  async makeSshKey(type: SshType, comment: string): Promise<{ key: Fingerprint; line: string }> {
    const file = join(this.folder, crypto.randomUUID());
    sshKeygen(["-q", "-t", type, "-N", "", "-C", comment, "-f", file]);
    const line = readFileSync(`${file}.pub`, "utf8");
    const { fingerprint } = await readUserKey(line);
    this.#sshFiles.set(fingerprint, file);
    return { key: fingerprint, line };
  }

  /** The private part of a key of OpenSSH. */
  async privateKey(key: Fingerprint): Promise<SshPrivateKey> {
    return await readSshPrivateKey(readFileSync(this.#sshFile(key), "utf8")).unlock(null);
  }

  #sshFile(key: Fingerprint): string {
    const file = this.#sshFiles.get(key);
    if (file === undefined) throw new Error(`${key} was not made here`);
    return file;
  }

  sign(key: Fingerprint, text: string, purpose: Purpose): string {
    if (isSsh(key)) {
      const args = ["-Y", "sign", "-q", "-n", `pstore-${purpose}`, "-f", this.#sshFile(key)];
      return Buffer.from(dearmorSshsig(sshKeygen(args, text))).toString("base64");
    }
    const args = [
      "-u",
      `${key.slice("openpgp:".length)}!`,
      "--no-armor",
      "--digest-algo",
      "SHA512",
      "--detach-sign",
    ];
    return Buffer.from(this.gpg.run(args, text)).toString("base64");
  }

  async call(
    method: string,
    path: string,
    options: { token?: string; json?: unknown; bytes?: Uint8Array<ArrayBuffer> } = {},
  ): Promise<Answer> {
    const headers = new Headers();
    if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
    const body = options.json === undefined ? options.bytes : JSON.stringify(options.json);
    const response = await this.fetch(
      new Request(`${origin}${apiPath}${path}`, { method, headers, ...(body === undefined ? {} : { body }) }),
    );
    const copy = response.clone() as Response;
    const type = response.headers.get("content-type") ?? "";
    return {
      status: response.status,
      body: type.includes("json") ? await response.json() : null,
      response: copy,
    };
  }

  async challenge(): Promise<string> {
    return (await this.call("GET", "/challenge")).body.challenge;
  }

  /** A login request, right unless told otherwise; `signed` is what the signature is over, where that differs. */
  async login(
    user: { name: string; key: Fingerprint },
    options: {
      challenge?: string;
      origin?: string;
      store?: string;
      signAs?: Fingerprint;
      signedName?: string;
      signature?: string;
    } = {},
  ) {
    const login = {
      user: user.name,
      key: user.key,
      origin: options.origin ?? origin,
      challenge: options.challenge ?? (await this.challenge()),
    };
    const text = loginText({
      ...login,
      user: options.signedName ?? user.name,
      store: options.store ?? this.store.id,
    });
    return { ...login, signature: options.signature ?? this.sign(options.signAs ?? user.key, text, "login") };
  }

  async signIn(user: { name: string; key: Fingerprint }): Promise<string> {
    const answer = await this.call("POST", "/session", { json: await this.login(user) });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer.body.token;
  }

  /** A first revision with an author who writes, and further members. */
  draft(author: TestUser, name: string, members: Record<string, [TestUser, Member["access"]]> = {}): Draft {
    const all = new Map<string, Member>([[author.name, { access: "write", keys: author.keys }]]);
    for (const [user, access] of Object.values(members)) all.set(user.name, { access, keys: user.keys });
    return {
      manifest: {
        store: this.store.id,
        object: { id: crypto.randomUUID(), name },
        revision: 1,
        previous: null,
        author: { user: author.name, key: author.key },
        time: "2026-01-01T00:00:00Z",
        members: all,
        properties: new Map(),
        deleted: false,
      },
      values: [],
      wrappedKeys: [],
    };
  }

  /** The next revision behind one that was committed. */
  next(before: Draft, author: TestUser, change: Partial<Manifest> = {}): Draft {
    return {
      manifest: {
        ...before.manifest,
        revision: before.manifest.revision + 1,
        previous: digestOf(encodeManifest(before.manifest)),
        author: { user: author.name, key: author.key },
        ...change,
      },
      values: [],
      wrappedKeys: [],
    };
  }

  setProperty(draft: Draft, name: string, property: Property): void {
    draft.manifest = {
      ...draft.manifest,
      properties: new Map(draft.manifest.properties).set(name, property),
    };
  }

  putPublic(draft: Draft, name: string, bytes: Uint8Array, upload?: string): void {
    const { size, digest } = measure(bytes);
    this.setProperty(draft, name, { kind: "public", size, digest, revision: draft.manifest.revision });
    draft.values.push(
      upload === undefined
        ? { property: name, inline: Buffer.from(bytes).toString("base64") }
        : { property: name, upload },
    );
  }

  /** Seals a value for all members of the draft. */
  async putSecret(draft: Draft, name: string, bytes: Uint8Array): Promise<Uint8Array> {
    const sessionKey = crypto.getRandomValues(new Uint8Array(32));
    const body = sealWhole(sessionKey, bytes);
    const { size, digest } = measure(body);
    const { store, object, revision } = draft.manifest;
    const commitment = keyCommitment(sessionKey, { store, object: object.id, property: name, revision });
    this.setProperty(draft, name, { kind: "encrypted", size, digest, revision, commitment });
    draft.values.push({ property: name, inline: Buffer.from(body).toString("base64") });
    await this.wrapFor(draft, name, sessionKey, draft.manifest.members.keys());
    return sessionKey;
  }

  async wrapFor(draft: Draft, name: string, sessionKey: Uint8Array, users: Iterable<string>): Promise<void> {
    for (const user of users) {
      for (const [key, subkey] of draft.manifest.members.get(user)?.keys ?? []) {
        if (subkey === null) continue;
        const block = isSsh(key)
          ? readFileSync(`${this.#sshFile(key)}.pub`)
          : this.gpg.run(["--export", key.slice("openpgp:".length)]);
        const wrapped = await wrapFor(await readUserKey(block), subkey, sessionKey);
        draft.wrappedKeys.push({ property: name, key, wrapped: Buffer.from(wrapped).toString("base64") });
      }
    }
  }

  request(drafts: readonly Draft[], signAs?: Fingerprint): CommitRequest {
    const manifests = drafts.map((draft) => encodeManifest(draft.manifest));
    const commit = commitText(commitOf(this.store.id, manifests));
    const key = signAs ?? drafts[0]?.manifest.author.key;
    if (key === undefined) throw new Error("a commit needs a manifest");
    return {
      commit,
      signature: this.sign(key, commit, "commit"),
      changes: drafts.map((draft, index) => ({
        manifest: manifests[index] ?? "",
        values: draft.values,
        wrappedKeys: draft.wrappedKeys,
      })),
    };
  }

  async commit(token: string, ...drafts: Draft[]): Promise<Answer> {
    return await this.call("POST", "/commits", { token, json: this.request(drafts) });
  }

  /** Commits what must be accepted. */
  async committed(token: string, ...drafts: Draft[]): Promise<void> {
    const answer = await this.commit(token, ...drafts);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  }
}
