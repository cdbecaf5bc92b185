// Machines by the thousand, made with one commit: the same bytes that a client would send, without a command for each.
import { randomBytes, randomUUID } from "node:crypto";
import { apiPath, type CommitRequest, type StoreInfo } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { keyCommitment } from "@pstore/core/commitment";
import { measure } from "@pstore/core/digest";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { readUserKey, type UserKey } from "@pstore/core/keys/user-key";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import { encodeManifest, type Member, type Property } from "@pstore/core/manifest";
import { sealWhole } from "@pstore/core/openpgp/body";
import type { Account } from "./account.ts";
import { signAs } from "./hostile.ts";
import { sessionToken } from "./session-token.ts";
import { SshUser } from "./ssh-user.ts";
import { does, type Team, User } from "./team.ts";

export interface CrowdOptions {
  readonly names: readonly string[];
  /** The members, each with their first key; the first one makes the machines. */
  readonly members: readonly Account[];
  /** The password of a machine; without it, it gets none. */
  readonly password?: (name: string) => string;
  /** The public properties of a machine. */
  readonly properties?: (name: string) => ReadonlyMap<string, string>;
}

type Change = CommitRequest["changes"][number];

/** Makes machines. @returns how long the server took for the commit, in milliseconds */
export async function makeMachines(team: Team, options: CrowdOptions): Promise<number> {
  const { url } = team.server;
  const [author] = options.members;
  if (!(author instanceof User || author instanceof SshUser))
    throw new Error("The machines have no member who signs.");
  await does(author, []);
  const { id: store } = (await (await fetch(`${url}${apiPath}/store`)).json()) as StoreInfo;
  const crowd = new Crowd(store, options, await Promise.all(options.members.map(readerOf)));
  const changes: Change[] = [];
  for (const name of options.names) changes.push(await crowd.change(name));
  const commit = commitText(
    commitOf(
      store,
      changes.map(({ manifest }) => manifest),
    ),
  );
  const body = JSON.stringify({ commit, signature: await signAs(author, commit), changes });
  const start = performance.now();
  const answer = await fetch(`${url}${apiPath}/commits`, {
    method: "POST",
    headers: { authorization: `Bearer ${sessionToken(author)}`, "content-type": "application/json" },
    body,
  });
  if (!answer.ok) throw new Error(`The machines were not made: ${await answer.text()}`);
  return performance.now() - start;
}

interface Reader {
  readonly name: string;
  readonly key: Fingerprint;
  readonly part: Fingerprint;
  readonly publicKey: UserKey;
}

async function readerOf(user: Account): Promise<Reader> {
  const { name, key, part } = user;
  return { name, key, part, publicKey: await readUserKey(await user.publicKey()) };
}

class Crowd {
  readonly #store: string;
  readonly #options: CrowdOptions;
  readonly #readers: readonly Reader[];
  readonly #members: ReadonlyMap<string, Member>;

  constructor(store: string, options: CrowdOptions, readers: readonly Reader[]) {
    this.#store = store;
    this.#options = options;
    this.#readers = readers;
    this.#members = new Map(
      readers.map(({ name, key, part }) => [name, { access: "write", keys: new Map([[key, part]]) }]),
    );
  }

  async change(name: string): Promise<Change> {
    const { password, properties = () => new Map<string, string>() } = this.#options;
    const [author] = this.#readers;
    if (author === undefined) throw new Error("The machines have no member.");
    const object = { id: randomUUID(), name };
    const entries = new Map<string, Property>();
    const values: Change["values"] = [];
    const wrappedKeys: Change["wrappedKeys"] = [];
    for (const [property, text] of properties(name)) {
      const bytes = Buffer.from(text);
      entries.set(property, { kind: "public", ...sizeOf(bytes), revision: 1 });
      values.push({ property, inline: bytes.toString("base64") });
    }
    if (password !== undefined) {
      const property = "password";
      const sessionKey = randomBytes(32);
      const body = Buffer.from(sealWhole(sessionKey, Buffer.from(password(name))));
      const place = { store: this.#store, object: object.id, property, revision: 1 };
      const commitment = keyCommitment(sessionKey, place);
      entries.set(property, { kind: "encrypted", ...sizeOf(body), revision: 1, commitment });
      values.push({ property, inline: body.toString("base64") });
      for (const { key, part, publicKey } of this.#readers) {
        const wrapped = await wrapFor(publicKey, part, sessionKey);
        wrappedKeys.push({ property, key, wrapped: Buffer.from(wrapped).toString("base64") });
      }
    }
    const manifest = encodeManifest({
      ...{ store: this.#store, object, revision: 1, previous: null },
      author: { user: author.name, key: author.key },
      time: "2026-01-01T00:00:00Z",
      ...{ members: this.#members, properties: entries, deleted: false },
    });
    return { manifest, values, wrappedKeys };
  }
}

function sizeOf(bytes: Uint8Array) {
  const { size, digest } = measure(bytes);
  return { size, digest };
}
