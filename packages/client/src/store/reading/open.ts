import type { WrappedKey } from "@pstore/core/api/schemas";
import { clientCommand } from "@pstore/core/client-command";
import { checkCommitment } from "@pstore/core/commitment";
import { pieceCount } from "@pstore/core/digest";
import { checkWrappedKey } from "@pstore/core/keys/wrapped-key";
import type { EncryptedProperty, Property } from "@pstore/core/manifest";
import type { BodyOpener } from "@pstore/core/openpgp/body";
import { checkedPieces, checkedValue } from "@pstore/core/pieces";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Keyring } from "../../keyring/keyring.ts";
import type { Person } from "../../person.ts";
import type { Trust } from "../trust/trust.ts";
import { noSessionKey } from "./no-session-key.ts";
import type { Source } from "./source.ts";

/** Opens values: every byte is checked against the manifest before it is decrypted or handed on. */
export class Opener {
  readonly #api: Api;
  readonly #keyring: Keyring;
  readonly #person: Person;
  readonly #trust: Pick<Trust, "ownKeys">;
  readonly #user: string;
  /** The session keys of this command, by value: each costs an operation with the private key. */
  readonly #sessionKeys = new Map<string, Uint8Array>();

  constructor(parts: {
    api: Api;
    keyring: Keyring;
    person: Person;
    trust: Pick<Trust, "ownKeys">;
    user: string;
  }) {
    this.#api = parts.api;
    this.#keyring = parts.keyring;
    this.#person = parts.person;
    this.#trust = parts.trust;
    this.#user = parts.user;
  }

  /** The value in clear, as a stream. */
  async *value(source: Source): AsyncGenerator<Uint8Array> {
    const entry = entryOf(source);
    if (entry.kind === "public") {
      yield* this.#bytes(source, entry);
      return;
    }
    // The cipher is loaded while gpg is at work.
    const [sessionKey, { BodyOpener }] = await Promise.all([
      this.sessionKey(source, entry),
      import("@pstore/core/openpgp/body"),
    ]);
    yield* decrypted(new BodyOpener(sessionKey), this.#bytes(source, entry), pieceCount(entry.size) <= 1);
  }

  /**
   * The session key of an encrypted value, from a wrapped key for this user, compared with the value's commitment.
   * @throws Problem `no-private-key` when no wrapped key can be unwrapped here
   */
  async sessionKey(source: Source, entry: EncryptedProperty): Promise<Uint8Array> {
    const known = this.#sessionKeys.get(nameOf(source, entry));
    if (known !== undefined) return known;
    for (const packet of this.#offered(source)) {
      const sessionKey = await this.#keyring.unwrap(packet);
      if (sessionKey !== null) return this.#checked(source, entry, sessionKey);
    }
    const { lookedAt } = this.#keyring;
    throw await noSessionKey(source, { api: this.#api, user: this.#user, lookedAt });
  }

  /** Gets the session keys of several values in one go, so that each is then at hand. */
  async prepare(values: readonly { source: Source; entry: EncryptedProperty }[]): Promise<void> {
    let missing = values.filter(({ source, entry }) => !this.#sessionKeys.has(nameOf(source, entry)));
    if (missing.length < 2) return;
    const progress = this.#person.progress("decrypting", missing.length, "items");
    try {
      // Of several keys of the user, the first may be none that is here.
      for (let turn = 0; missing.length > 0; turn++) {
        const tried = missing.flatMap((value) => {
          const packet = this.#offered(value.source)[turn];
          return packet === undefined ? [] : [{ ...value, packet }];
        });
        const packets = tried.map(({ packet }) => packet);
        const found = await this.#keyring.unwrapAll(packets, () => turn === 0 && progress.advance(1));
        missing = tried.filter(({ source, entry }, index) => {
          const sessionKey = found[index];
          if (sessionKey) this.#checked(source, entry, sessionKey);
          return !sessionKey;
        });
      }
    } finally {
      progress.done();
    }
  }

  /**
   * The wrapped keys for this user, parsed before anything that has a private key sees them; that for the key that is in
   * use comes first.
   */
  #offered({ manifest, detail, property }: Source): readonly Uint8Array[] {
    const self = manifest.members.get(this.#user);
    const own = detail.wrappedKeys.filter((one) => one.property === property && self?.keys.get(one.key));
    return this.#inOrder(own).flatMap(({ key, wrapped }) => {
      const part = self?.keys.get(key);
      if (!part) return [];
      const packet = Buffer.from(wrapped, "base64");
      asServed(() => checkWrappedKey(packet, part));
      return [packet];
    });
  }

  #inOrder(offered: readonly WrappedKey[]): readonly WrappedKey[] {
    if (offered.length < 2) return offered;
    const own = this.#trust.ownKeys();
    const rank = ({ key }: WrappedKey) => (own.includes(key) ? own.indexOf(key) : own.length);
    return offered.toSorted((a, b) => rank(a) - rank(b));
  }

  #checked(source: Source, entry: EncryptedProperty, sessionKey: Uint8Array): Uint8Array {
    const { manifest, property } = source;
    const place = { store: manifest.store, object: manifest.object.id, property, revision: entry.revision };
    try {
      checkCommitment(sessionKey, place, entry.commitment);
    } catch (error) {
      // Of many machines, one must be told from the others.
      if (!(error instanceof Problem)) throw error;
      throw new Problem(error.code, `${error.message} (at '${manifest.object.name}')`, { cause: error });
    }
    this.#sessionKeys.set(nameOf(source, entry), sessionKey);
    return sessionKey;
  }

  /** The bytes of a public value or a body, checked. */
  async *#bytes({ manifest, detail, property }: Source, entry: Property): AsyncGenerator<Uint8Array> {
    const what = `'${property}' of '${manifest.object.name}'`;
    const inline = detail.values.find((value) => value.property === property);
    if (inline !== undefined) {
      yield checkedValue(Buffer.from(inline.bytes, "base64"), entry, what);
      return;
    }
    const progress = this.#person.progress(property, entry.size);
    try {
      const stream = await this.#api.value(manifest.object.id, property, entry.revision);
      for await (const piece of checkedPieces(stream, entry, what)) {
        progress.advance(piece.length);
        yield piece;
      }
    } finally {
      progress.done();
    }
  }
}

/** Of one sealed value, and what proves its key; ids, numbers and digests hold no space. */
function nameOf({ manifest, property }: Source, { revision, commitment }: EncryptedProperty): string {
  return `${manifest.object.id} ${revision} ${commitment} ${property}`;
}

function entryOf({ manifest, property }: Source): Property {
  const entry = manifest.properties.get(property);
  if (entry !== undefined) return entry;
  throw new Problem(
    "not-found",
    `'${manifest.object.name}' has no property '${property}'; ${clientCommand("-pl", manifest.object.name)} lists those it has`,
  );
}

/** @param whole the value is small: nothing of it is handed on before all of it was decrypted without a fault */
async function* decrypted(
  opener: BodyOpener,
  body: AsyncIterable<Uint8Array>,
  whole: boolean,
): AsyncGenerator<Uint8Array> {
  const held: Uint8Array[] = [];
  for await (const piece of body) {
    const plain = asServed(() => opener.update(piece));
    if (whole) held.push(plain);
    else yield plain;
  }
  asServed(() => opener.final());
  yield* held;
}

/** What is wrong with bytes that the server gave is the server's fault, or that of whoever wrote them. */
function asServed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem(
      "untrusted-server",
      `the server gave what cannot be used: ${error.message}; ask who runs the server`,
      { cause: error },
    );
  }
}
