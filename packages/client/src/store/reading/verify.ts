import type { Revision, User } from "@pstore/core/api/schemas";
import {
  checkAtFirstSight,
  checkChain,
  checkIsAsked,
  checkNotOlder,
  isByFullWriter,
  type Known,
} from "@pstore/core/checks";
import { checkInclusion } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import { readable } from "@pstore/core/fingerprint";
import { parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";
import type { Learned, Objects } from "../../state/objects.ts";
import type { Trust } from "../trust.ts";

/** A newest revision that may be used. */
export interface Verified extends Known {
  /** False only where `--accept-unsigned` let an invalid signature pass: good to look at, not to write on. */
  readonly isSigned: boolean;
  /** The revisions between the one this client had verified before and this one, this one included. */
  readonly missed: readonly Known[];
}

/** A revision as it was served, with what it says. */
export interface Served {
  readonly revision: Revision;
  readonly known: Known;
}

/** The server gave an older revision than the one remembered. */
export class OlderRevision extends Problem {}

/** The most revisions that the server answers at once. */
const historyPage = 1000;

/** Checks what the server gives as an object's newest revision, before anything of it is shown or built upon. */
export class Verifier {
  readonly #api: Api;
  readonly #objects: Objects;
  readonly #trust: Trust;
  readonly #person: Person;
  readonly #store: string;
  readonly #user: string;
  readonly #acceptUnsigned: boolean;
  /** The signatures that were verified in this command: by user and key, of a commit. */
  readonly #verified = new Set<string>();

  constructor(parts: {
    api: Api;
    objects: Objects;
    trust: Trust;
    person: Person;
    store: string;
    user: string;
    acceptUnsigned: boolean;
  }) {
    this.#api = parts.api;
    this.#objects = parts.objects;
    this.#trust = parts.trust;
    this.#person = parts.person;
    this.#store = parts.store;
    this.#user = parts.user;
    this.#acceptUnsigned = parts.acceptUnsigned;
  }

  /**
   * @param asked the name that was asked for, and whether a deleted object would do
   * @param served the revision that the server gave
   * @param users keys that the server gave along
   * @param learned takes what is to be remembered; without it, it is remembered at once
   * @throws Problem `untrusted-server` or `untrusted-key`
   */
  async newest(
    asked: { name: string; deleted?: boolean },
    served: Served,
    users: readonly User[],
    learned: Learned[] | null = null,
  ): Promise<Verified> {
    const { name } = asked;
    const { known: shown, revision } = served;
    const byName = this.#objects.byName(name);
    if (byName !== null && byName.digest === shown.digest) return { ...shown, isSigned: true, missed: [] };

    const isAnother = byName !== null && byName.manifest.object.id !== shown.manifest.object.id;
    const lost = isAnother ? await this.#leftItsName(byName, name) : null;
    checkIsAsked(shown.manifest, { store: this.#store, ...asked });
    const remembered = this.#objects.byId(shown.manifest.object.id);
    const verified = await this.#upTo(remembered, revision, shown, users);
    if (verified.isSigned && learned === null) this.#objects.remember(shown, revision.manifest);
    else if (verified.isSigned) learned?.push({ known: shown, text: revision.manifest });
    if (lost !== null) this.#giveUp(lost, verified.isSigned);
    return verified;
  }

  /**
   * What became of an object that this client knows: its newest signed revision, as far as the server shows it. To who
   * was revoked it shows no more than the first revision without them.
   */
  async whatBecameOf(known: Known): Promise<Known> {
    const last = (await this.#after(known)).at(-1);
    if (last === undefined) return known;
    const shown = read(last);
    const { isSigned } = await this.#upTo(known, last, shown, []);
    if (!isSigned || shown.digest === known.digest) return known;
    this.#objects.remember(shown, last.manifest);
    // There may be more than one answer holds; each costs a signature, so the server cannot go on for ever.
    return this.whatBecameOf(shown);
  }

  /** The revisions behind a known one, as many as one answer holds; none where the server shows none to this user. */
  async #after({ manifest: { object, revision } }: Known): Promise<readonly Revision[]> {
    try {
      return (await this.#api.history(object.id, revision + 1, revision + historyPage)).revisions;
    } catch (error) {
      if (error instanceof Problem && error.code === "not-found") return [];
      throw error;
    }
  }

  /**
   * An object may take the name of another that this client knows only once that one is deleted or renamed, signed. Of
   * one that a signed revision took from the user, they are told neither: then it is left with a warning.
   * @returns the one that is left so
   */
  async #leftItsName(known: Known, name: string): Promise<Known | null> {
    const now = await this.whatBecameOf(known);
    if (now.manifest.deleted || now.manifest.object.name !== name) return null;
    if (!now.manifest.members.has(this.#user)) return now;
    throw new Problem(
      "untrusted-server",
      `the server gave another object under the name '${name}' than the one that this client knows, without a signed deletion of that one; nothing of it was used, ask who runs the server`,
    );
  }

  /** @param forGood whether it is said for the last time, since another object is known under the name now */
  #giveUp(lost: Known, forGood: boolean): void {
    const { object, revision, author } = lost.manifest;
    this.#person.warn(
      `'${object.name}' is another machine than the one that you had access to before its revision ${revision}, by ${author.user}, which is without you`,
    );
    if (forGood) this.#objects.loseName(object.id);
  }

  async #upTo(
    remembered: Known | null,
    revision: Revision,
    shown: Known,
    users: readonly User[],
  ): Promise<Verified> {
    checkInclusion(revision, this.#store);
    if (remembered !== null) {
      refuseOlder(remembered, shown);
      if (shown.digest === remembered.digest) return { ...shown, isSigned: true, missed: [] };
    }
    const gap = shown.manifest.revision - (remembered?.manifest.revision ?? 0);
    // Whoever signs nothing gets nobody to follow an endless chain: before more than one answer's worth is fetched.
    if (gap > historyPage) await this.#isSigned(revision, shown, users);
    if (remembered === null) {
      checkAtFirstSight(shown.manifest);
      const verified = await this.#atFirstSight(revision, shown, users);
      const { object, revision: number } = shown.manifest;
      this.#person.detail(
        `first sight of '${object.name}': that revision ${number} is the newest cannot be proven`,
      );
      return verified;
    }
    const missed = await this.#between(remembered, shown, revision);
    const toVerify = checkChain(
      remembered,
      missed.map((one) => one.known),
    );
    let isSigned = true;
    for (const one of missed) {
      if (toVerify.includes(one.known))
        isSigned = (await this.#isSigned(one.revision, one.known, users)) && isSigned;
    }
    return { ...shown, isSigned, missed: missed.map((one) => one.known) };
  }

  async #atFirstSight(revision: Revision, shown: Known, users: readonly User[]): Promise<Verified> {
    const anchor = await this.#anchor(shown);
    if (anchor === null) {
      const isSigned = await this.#isSigned(revision, shown, users);
      return { ...shown, isSigned, missed: [shown] };
    }
    const isAnchored = await this.#isSigned(anchor.revision, anchor.known, users);
    const verified = await this.#upTo(anchor.known, revision, shown, users);
    return { ...verified, isSigned: verified.isSigned && isAnchored };
  }

  /**
   * Where the newest revision that is seen first is by an author without every right in it (a write-only key, or who is no
   * writer in it), what is believed begins at the last revision before it that is by one who has; `null` when this one is.
   */
  async #anchor(shown: Known): Promise<Served | null> {
    if (shown.manifest.revision === 1 || isByFullWriter(shown.manifest)) return null;
    for (let to = shown.manifest.revision - 1; to > 0; ) {
      const from = Math.max(1, to - historyPage + 1);
      for (const revision of (await this.#history(shown, from, to)).toReversed()) {
        const known = read(revision);
        if (known.manifest.revision > 1 && !isByFullWriter(known.manifest)) continue;
        checkInclusion(revision, this.#store);
        checkAtFirstSight(known.manifest);
        return { known, revision };
      }
      to = from - 1;
    }
    throw new Problem(
      "untrusted-server",
      `the server does not give the revisions of '${shown.manifest.object.name}' that say who its members are; nothing of it was used, ask who runs the server`,
    );
  }

  /** The revisions above the remembered one, fetched, up to the one shown. */
  async #between(remembered: Known, shown: Known, last: Revision): Promise<Served[]> {
    const missed = await this.#history(shown, remembered.manifest.revision + 1, shown.manifest.revision - 1);
    const found = missed.map((revision) => {
      checkInclusion(revision, this.#store);
      return { known: read(revision), revision };
    });
    return [...found, { known: shown, revision: last }];
  }

  /** The revisions of an object from one number to another, as far as the server gives them; it gives them in parts. */
  async #history({ manifest }: Known, from: number, to: number): Promise<readonly Revision[]> {
    const found: Revision[] = [];
    for (let next = from; next <= to; next = from + found.length) {
      const { revisions } = await this.#api.history(
        manifest.object.id,
        next,
        Math.min(next + historyPage - 1, to),
      );
      if (revisions.length === 0) break;
      for (const revision of revisions) found.push(revision);
    }
    return found;
  }

  async #isSigned(revision: Revision, known: Known, users: readonly User[]): Promise<boolean> {
    try {
      await this.#verifySignature(revision, known, users);
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

  async #verifySignature(revision: Revision, known: Known, users: readonly User[]): Promise<void> {
    const { user, key } = known.manifest.author;
    const trusted = (await this.#trust.pinned(user, key)) ?? (await this.#introduce(user, key, users));
    // A key that is known as write-only is no more than that because a manifest says so.
    if (trusted.writeOnly && known.manifest.members.get(user)?.keys.get(key)) {
      throw this.#trust.changedKey(user, [key]);
    }
    // One signature stands under all that a commit changed.
    const signed = `${user} ${key} ${revision.signature} ${revision.commit}`;
    if (this.#verified.has(signed)) return;
    const { verifyDetached } = await import("@pstore/core/openpgp/signature");
    await verifyDetached(
      trusted.certificate,
      Buffer.from(revision.commit),
      Buffer.from(revision.signature, "base64"),
    );
    this.#verified.add(signed);
  }

  /** Makes an author's key known, from what the server gave along or gives now. */
  async #introduce(user: string, key: Known["manifest"]["author"]["key"], users: readonly User[]) {
    const given = users.find(
      (one) => one.name === user && one.keys.some(({ fingerprint }) => fingerprint === key),
    );
    const author = given ?? (await this.#api.users([user], key)).users.find((one) => one.name === user);
    if (author === undefined)
      throw new Problem(
        "untrusted-server",
        `the server does not give the key ${readable(key)} of ${user}, who signed; nothing was used`,
      );
    const acquaintance = await this.#trust.meet(author);
    const trusted = acquaintance.trusted.get(key);
    if (trusted !== undefined) return trusted;
    throw this.#trust.changedKey(user, [key]);
  }
}

/** @throws OlderRevision, so that whoever asked may ask again: another command may have seen a newer one meanwhile */
function refuseOlder(remembered: Known, shown: Known): void {
  try {
    checkNotOlder(remembered, shown);
  } catch (error) {
    if (!(error instanceof Problem) || shown.manifest.revision >= remembered.manifest.revision) throw error;
    throw new OlderRevision(error.code, error.message, { cause: error });
  }
}

/**
 * Reads a revision as it was served.
 * @throws Problem `untrusted-server` when it is none
 */
export function readServed(revision: Revision): Served {
  return { revision, known: read(revision) };
}

function read(revision: Revision): Known {
  try {
    return { manifest: parseManifest(revision.manifest), digest: digestOf(revision.manifest) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem("untrusted-server", `what the server gave cannot be used, since ${error.message}`, {
      cause: error,
    });
  }
}
