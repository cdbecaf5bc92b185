// The encrypted values of a history, opened: only so it shows which of the writes each of them is.
import { readFileSync } from "node:fs";
import { apiPath, Kept } from "@pstore/core/api/schemas";
import { checkCommitment } from "@pstore/core/commitment";
import { measure, pieceCount } from "@pstore/core/digest";
import type { EncryptedProperty } from "@pstore/core/manifest";
import { openWhole } from "@pstore/core/openpgp/body";
import { readSshPrivateKey, type SshPrivateKey } from "@pstore/core/ssh/private-key";
import { sessionToken } from "@pstore/e2e/support/session-token";
import type { SshUser } from "@pstore/e2e/support/ssh-user";
import * as v from "valibot";
import { placeOf } from "./chains.ts";
import type { Histories, Stored } from "./history.ts";

/** The values, by `MANIFEST PROPERTY`: the digest of the manifest that sealed them. */
export type Opened = ReadonlyMap<string, string>;

export function openedName({ digest }: Stored, property: string): string {
  return `${digest} ${property}`;
}

/**
 * Opens each value as whoever sealed it.
 * @param users each with an open session
 * @throws Error when one cannot be had, or is another than the manifest says
 */
export async function openValues(
  url: string,
  histories: Histories,
  users: readonly SshUser[],
): Promise<Opened> {
  const readers = new Map<string, Reader>();
  for (const user of users) readers.set(user.name, await Reader.of(url, user));
  const opened = new Map<string, string>();
  for (const at of [...histories.values()].flat()) {
    const { revision, author, properties } = at.manifest;
    for (const [property, entry] of properties) {
      if (entry.kind !== "encrypted" || entry.revision !== revision) continue;
      const value = await readers.get(author.user)?.open(at, property, entry);
      opened.set(openedName(at, property), value ?? "");
    }
  }
  return opened;
}

class Reader {
  readonly #url: string;
  readonly #token: string;
  readonly #key: SshPrivateKey;
  /** The answers for each property of a machine. */
  readonly #kept = new Map<string, Kept>();

  private constructor(url: string, token: string, key: SshPrivateKey) {
    this.#url = url;
    this.#token = token;
    this.#key = key;
  }

  static async of(url: string, user: SshUser): Promise<Reader> {
    const key = await readSshPrivateKey(readFileSync(user.ssh.file, "utf8")).unlock(null);
    return new Reader(url, sessionToken(user), key);
  }

  async open(at: Stored, property: string, entry: EncryptedProperty): Promise<string> {
    const { store, object, revision } = at.manifest;
    const { wrappedKeys } =
      (await this.#keptOf(object.id, property)).values.find((one) => one.revision === revision) ?? {};
    const wrapped = wrappedKeys?.find(({ key }) => key === this.#key.publicKey.fingerprint)?.wrapped;
    const sessionKey = wrapped === undefined ? null : await this.#key.unwrap(Buffer.from(wrapped, "base64"));
    if (sessionKey === null) throw new Error(`the author of ${placeOf(at)} cannot open its '${property}'`);
    checkCommitment(sessionKey, { store, object: object.id, property, revision }, entry.commitment);
    const answer = await this.#get(`/objects/${object.id}/value`, { property, revision: `${revision}` });
    const body = new Uint8Array(await answer.arrayBuffer()).subarray(32 * pieceCount(entry.size));
    if (measure(body).digest !== entry.digest)
      throw new Error(`'${property}' of ${placeOf(at)} is another value than its manifest says`);
    return Buffer.from(openWhole(sessionKey, body)).toString();
  }

  async #keptOf(id: string, property: string): Promise<Kept> {
    const known = this.#kept.get(`${id} ${property}`);
    if (known !== undefined) return known;
    const kept = v.parse(Kept, await (await this.#get(`/objects/${id}/kept`, { property })).json());
    this.#kept.set(`${id} ${property}`, kept);
    return kept;
  }

  async #get(path: string, query: Record<string, string>): Promise<Response> {
    const answer = await fetch(`${this.#url}${apiPath}${path}?${new URLSearchParams(query)}`, {
      headers: { authorization: `Bearer ${this.#token}` },
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}
