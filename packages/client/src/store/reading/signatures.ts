import type { User } from "@pstore/core/api/schemas";
import type { Known } from "@pstore/core/checks";
import { readable } from "@pstore/core/fingerprint";
import { verifySignature } from "@pstore/core/keys/signature";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";
import type { Trust } from "../trust/trust.ts";
import { RemovedSigner } from "./removed-signer.ts";
import type { Served } from "./served.ts";

export interface SignatureParts {
  readonly api: Api;
  readonly trust: Trust;
  readonly person: Person;
  readonly acceptUnsigned: boolean;
  /** Whoever runs this. */
  readonly user: string;
}

/** Checks that revisions are signed by just the key that they name, and that it is believed to be its author's. */
export class Signatures {
  readonly #api: Api;
  readonly #trust: Trust;
  readonly #person: Person;
  readonly #acceptUnsigned: boolean;
  readonly #user: string;
  /** The signatures that were verified in this command: by user and key, of a commit. */
  readonly #verified = new Set<string>();

  constructor(parts: SignatureParts) {
    this.#api = parts.api;
    this.#trust = parts.trust;
    this.#person = parts.person;
    this.#acceptUnsigned = parts.acceptUnsigned;
    this.#user = parts.user;
  }

  /**
   * Whether a revision has a valid signature; false only where `--accept-unsigned` lets it pass without.
   * @param users keys that the server gave along
   * @throws Problem `untrusted-server`, `untrusted-key`
   */
  async isSigned(served: Served, users: readonly User[]): Promise<boolean> {
    const { known } = served;
    try {
      await this.#verify(served, users);
      return true;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "bad-signature") throw error;
      const { object, revision: number, author } = known.manifest;
      if (this.#acceptUnsigned) {
        this.#person.warn(
          `revision ${number} of '${object.name}' has no valid signature by ${author.user}: anybody may have written it`,
        );
        return false;
      }
      throw new Problem(
        "untrusted-server",
        `the signature of revision ${number} of '${object.name}' is not by ${author.user}'s key: ${error.message}; nothing of it was used, ask who runs the server`,
        { cause: error },
      );
    }
  }

  async #verify({ revision, known }: Served, users: readonly User[]): Promise<void> {
    const { user, key } = known.manifest.author;
    const trusted = (await this.#trust.pinned(user, key)) ?? (await this.#introduce(known.manifest, users));
    // A key that is known as write-only is no more than that because a manifest says so.
    if (trusted.writeOnly && known.manifest.members.get(user)?.keys.get(key)) {
      throw this.#trust.changedKey(user, [key]);
    }
    // One signature stands under all that a commit changed.
    const signed = `${user} ${key} ${revision.signature} ${revision.commit}`;
    if (this.#verified.has(signed)) return;
    await verifySignature(
      trusted.publicKey,
      { text: revision.commit, purpose: "commit" },
      Buffer.from(revision.signature, "base64"),
    );
    this.#verified.add(signed);
  }

  /** Makes an author's key known, from what the server gave along or gives now. */
  async #introduce({ author: { user, key }, object, members }: Known["manifest"], users: readonly User[]) {
    const given = users.find(
      (one) => one.name === user && one.keys.some(({ fingerprint }) => fingerprint === key),
    );
    const author = given ?? (await this.#api.users([user], key)).users.find((one) => one.name === user);
    if (author === undefined)
      throw new Problem(
        "untrusted-server",
        `the server does not give the key ${readable(key)} of ${user}, who signed; nothing was used`,
      );
    const { trusted, changed } = await this.#trust.meet(author);
    const known = trusted.get(key);
    if (known !== undefined) return known;
    // Nobody can be asked to trust what the store does not give any more.
    if (changed.some(({ fingerprint, removed }) => fingerprint === key && removed))
      throw new RemovedSigner({ author: { user, key }, object, members }, this.#user);
    throw this.#trust.changedKey(user, [key]);
  }
}
