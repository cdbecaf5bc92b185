// The objects of the store, and how clients change them: valid commits, that all others are made of.
import { apiPath, type CommitRequest } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { keyCommitment } from "@pstore/core/commitment";
import { digestOf, measure } from "@pstore/core/digest";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { readUserKey, type UserKey } from "@pstore/core/keys/user-key";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import { encodeManifest, type Manifest, parseManifest } from "@pstore/core/manifest";
import { sealWhole } from "@pstore/core/openpgp/body";
import { Random } from "./random.ts";
import { text } from "./seeds/files.ts";
import type { Sessions, Signer } from "./sessions.ts";

export type Change = CommitRequest["changes"][number];

/** How many there are at the start; fuzzing makes some more. */
const count = 12;

/** An object at the newest revision that the server has told us of. */
interface Known {
  readonly manifest: Manifest;
  readonly digest: string;
}

interface Reader {
  readonly key: UserKey;
  readonly part: Fingerprint;
}

interface Sealed {
  readonly sessionKey: Uint8Array;
  readonly body: Uint8Array;
  /** By user. */
  readonly wrapped: ReadonlyMap<string, string>;
}

export class Objects {
  readonly #sessions: Sessions;
  readonly #readers: ReadonlyMap<string, Reader>;
  readonly #sealed: readonly Sealed[];
  readonly #known = new Map<string, Known>();

  private constructor(sessions: Sessions, readers: ReadonlyMap<string, Reader>, sealed: readonly Sealed[]) {
    this.#sessions = sessions;
    this.#readers = readers;
    this.#sealed = sealed;
  }

  /** Makes objects of ann's that joe reads. */
  static async make(url: string, sessions: Sessions, seed: number, prefix = "machine"): Promise<Objects> {
    const readers = new Map<string, Reader>();
    for (const [name, file] of [
      ["ann", "ann.ssh-public"],
      ["joe", "joe.openpgp-public"],
    ] as const) {
      const key = await readUserKey(text(file));
      const part = key.type === "ssh" ? key.fingerprint : key.encrypting[0]?.fingerprint;
      if (part !== undefined) readers.set(name, { key, part });
    }
    // To wrap takes milliseconds: some values are sealed once, and are stored again and again.
    const sealed: Sealed[] = [];
    for (let which = 0; which < 4; which++) {
      const sessionKey = new Random(seed, "session key", which).bytes(32);
      const wrapped = new Map<string, string>();
      for (const [name, { key, part }] of readers)
        wrapped.set(name, Buffer.from(await wrapFor(key, part, sessionKey)).toString("base64"));
      sealed.push({ sessionKey, body: sealWhole(sessionKey, Buffer.from(`secret ${which}`)), wrapped });
    }
    const objects = new Objects(sessions, readers, sealed);
    const ann = sessions.signer("ann");
    for (let index = 0; index < count; index++) {
      const change = objects.first(new Random(seed, "object", index), `${prefix}-${index}.example.com`);
      const body = JSON.stringify(objects.commit(ann, [change]));
      const headers = { authorization: `Bearer ${ann.token}` };
      const answer = await fetch(`${url}${apiPath}/commits`, { method: "POST", headers, body });
      if (!answer.ok) throw new Error(`An object was not made: ${await answer.text()}`);
      objects.learn(change.manifest);
    }
    return objects;
  }

  get ids(): readonly string[] {
    return [...this.#known.keys()];
  }

  get names(): readonly string[] {
    return Array.from(this.#known.values(), ({ manifest }) => manifest.object.name);
  }

  /** A manifest that the server took. */
  learn(manifest: string): void {
    const read = parseManifest(manifest);
    const { id } = read.object;
    // So that a long run does not hold more and more of them.
    if (read.deleted || (!this.#known.has(id) && this.#known.size >= 3 * count)) this.#known.delete(id);
    else if ((this.#known.get(id)?.manifest.revision ?? 0) < read.revision)
      this.#known.set(id, { manifest: read, digest: digestOf(manifest) });
  }

  /** A new object. */
  first(random: Random, name: string): Change {
    const members = new Map<string, Manifest["members"] extends ReadonlyMap<string, infer M> ? M : never>();
    for (const [user, { key, part }] of this.#readers) {
      const access = user === "ann" ? "write" : "read";
      members.set(user, { access, keys: new Map([[key.fingerprint, part]]) });
    }
    const { fingerprint } = this.#sessions.signer("ann").key.publicKey;
    return this.#withValues(random, {
      ...{ store: this.#sessions.store, object: { id: random.uuid(), name }, revision: 1, previous: null },
      author: { user: "ann", key: fingerprint },
      time: "2026-01-01T00:00:00Z",
      ...{ members, properties: new Map(), deleted: false },
    });
  }

  /** What may follow in one of the objects that there are. */
  next(random: Random): Change {
    const { manifest, digest } = random.pick([...this.#known.values()]);
    const next = { ...manifest, revision: manifest.revision + 1, previous: digest };
    return this.#withValues(random, next);
  }

  #withValues(random: Random, manifest: Manifest): Change {
    const { revision, object, store } = manifest;
    const values: Change["values"] = [];
    const wrappedKeys: Change["wrappedKeys"] = [];
    const properties = new Map(manifest.properties);
    const bytes = random.bytes(random.below(80));
    properties.set("address", { kind: "public", ...sizeOf(bytes), revision });
    values.push({ property: "address", inline: Buffer.from(bytes).toString("base64") });
    if (revision === 1 || random.chance(50)) {
      const property = "password";
      const { sessionKey, body, wrapped } = random.pick(this.#sealed);
      const commitment = keyCommitment(sessionKey, { store, object: object.id, property, revision });
      properties.set(property, { kind: "encrypted", ...sizeOf(body), revision, commitment });
      values.push({ property, inline: Buffer.from(body).toString("base64") });
      for (const user of manifest.members.keys()) {
        const reader = this.#readers.get(user);
        const its = wrapped.get(user);
        if (reader !== undefined && its !== undefined)
          wrappedKeys.push({ property, key: reader.key.fingerprint, wrapped: its });
      }
    }
    return { manifest: encodeManifest({ ...manifest, properties }), values, wrappedKeys };
  }

  /** Signs changes, whatever they hold. */
  commit({ key }: Signer, changes: readonly Change[]): CommitRequest {
    const commit = commitText(
      commitOf(
        this.#sessions.store,
        changes.map(({ manifest }) => manifest),
      ),
    );
    const signature = Buffer.from(key.sign(Buffer.from(commit), "commit")).toString("base64");
    return { commit, signature, changes: [...changes] };
  }
}

function sizeOf(bytes: Uint8Array) {
  const { size, digest } = measure(bytes);
  return { size, digest };
}
