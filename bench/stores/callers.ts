// Who makes the requests of a benchmark: users who are signed in, each with objects of their own, spread over the store.
import { apiPath, type CommitRequest } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import { loginText } from "@pstore/core/login";
import { encodeManifest } from "@pstore/core/manifest";
import { firstDigest, groupSize, objectId, objectName } from "./fill.ts";
import type { BenchStore } from "./store.ts";

export interface Ask {
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly json?: unknown;
}

/** Sends a request, and takes its answer whole. @throws Error unless it is 200 */
export async function ask(url: string, token: string, { path, method = "GET", json }: Ask): Promise<string> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}: ${text}`);
  return text;
}

export class Caller {
  readonly url: string;
  readonly #store: BenchStore;
  readonly #group: number;
  readonly token: string;
  /** The objects that are theirs, and what the next commit of each follows. */
  readonly #heads = new Map<number, { revision: number; digest: string }>();
  #turn = 0;

  private constructor(url: string, store: BenchStore, group: number, token: string) {
    this.url = url;
    this.#store = store;
    this.#group = group;
    this.token = token;
  }

  /** Signs in the first user of a group. */
  static async signIn(url: string, store: BenchStore, group: number): Promise<Caller> {
    const own = new Caller(url, store, group, "");
    const { token } = JSON.parse(await ask(url, "", await own.login())) as { token: string };
    return new Caller(url, store, group, token);
  }

  /** So many users of groups that lie far apart; fewer where there are fewer groups. */
  static async several(
    urls: readonly string[],
    store: BenchStore,
    count: number,
  ): Promise<readonly Caller[]> {
    const length = Math.min(count, store.fill.groups);
    return await Promise.all(
      Array.from({ length }, (_, index) => {
        const group = Math.floor((index * store.fill.groups) / length);
        return Caller.signIn(urls[index % urls.length] ?? "", store, group);
      }),
    );
  }

  get user() {
    const person = this.#store.filler.people[this.#group * groupSize];
    if (person === undefined) throw new Error(`There is no group ${this.#group}.`);
    return person;
  }

  /** The request that signs in, with a challenge of its own. */
  async login(): Promise<Ask> {
    const { challenge } = JSON.parse(await ask(this.url, "", { path: `${apiPath}/challenge` }));
    const { name, key } = this.user;
    const login = { origin: this.url, user: name, key: key.publicKey.fingerprint, challenge };
    const text = Buffer.from(loginText({ store: this.#store.id, ...login }));
    const signature = Buffer.from(key.sign(text, "login")).toString("base64");
    return { path: `${apiPath}/session`, method: "POST", json: { ...login, signature } };
  }

  /** Another of their objects each time. */
  next(): number {
    const { objects, groups } = this.#store.fill;
    const first = this.#group === 0 ? groups : this.#group;
    const count = Math.floor((objects - first) / groups) + 1;
    return first + groups * (this.#turn++ % count);
  }

  /** A commit that sets both properties of one of their objects. */
  commit(number: number): Ask {
    const head = this.#heads.get(number) ?? { revision: 1, digest: firstDigest(number) };
    const { filler, id: store } = this.#store;
    const revision = head.revision + 1;
    const publicBytes = Buffer.from(`192.0.2.${revision % 256}`);
    const object = { id: objectId(number), name: objectName(number), group: this.#group };
    const manifest = encodeManifest(
      filler.manifest(object, { revision, previous: head.digest, publicBytes }),
    );
    const text = commitText(commitOf(store, [manifest]));
    const request: CommitRequest = {
      commit: text,
      signature: Buffer.from(this.user.key.sign(Buffer.from(text), "commit")).toString("base64"),
      changes: [
        {
          manifest,
          values: [
            { property: "address", inline: publicBytes.toString("base64") },
            { property: "password", inline: Buffer.from(filler.body).toString("base64") },
          ],
          wrappedKeys: this.#wrappedKeys,
        },
      ],
    };
    this.#heads.set(number, { revision, digest: digestOf(manifest) });
    return { path: `${apiPath}/commits`, method: "POST", json: request };
  }

  #wrappedKeys: CommitRequest["changes"][number]["wrappedKeys"] = [];

  /** To wrap takes longer than all the rest of a commit: each of these is sent again and again. */
  async wrapKeys(): Promise<void> {
    const { filler } = this.#store;
    this.#wrappedKeys = await Promise.all(
      Array.from({ length: groupSize }, async (_, index) => {
        const number = this.#group * groupSize + index;
        const wrapped = await filler.wrapped(number);
        const key = filler.people[number]?.key.publicKey.fingerprint;
        if (key === undefined) throw new Error(`There is no user ${number}.`);
        return { property: "password", key, wrapped: wrapped.toString("base64") };
      }),
    );
  }
}

/** What the client asks for to read an object's password. */
export const read = (number: number): Ask => ({
  path: `${apiPath}/object?name=${objectName(number)}&value=password&keys=author`,
});
export const value = (number: number): Ask => ({
  path: `${apiPath}/objects/${objectId(number)}/value?property=password&revision=1`,
});
export const exact = (number: number): Ask => ({
  path: `${apiPath}/objects?q=${objectName(number)}&exact=1`,
});
export const challenge: Ask = { path: `${apiPath}/challenge` };
/** Of the names of the user's objects, some hold this. */
export const byName: Ask = { path: `${apiPath}/objects?q=99.example` };
export const byProperty: Ask = {
  path: `${apiPath}/search`,
  method: "POST",
  json: { key: "addr", value: "", all: false },
};
