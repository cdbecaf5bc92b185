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
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";
import type { Learned, Objects } from "../../state/objects.ts";
import { historyPage, readServed, type Served, servedHistory } from "./served.ts";
import { type SignatureParts, Signatures } from "./signatures.ts";

/** A newest revision that may be used. */
export interface Verified extends Known {
  /** False only where `--accept-unsigned` let an invalid signature pass: good to look at, not to write on. */
  readonly isSigned: boolean;
  /** The revisions between the one this client had verified before and this one, this one included. */
  readonly missed: readonly Known[];
}

/** The server gave an older revision than the one remembered. */
export class OlderRevision extends Problem {}

/** Checks what the server gives as an object's newest revision, before anything of it is shown or built upon. */
export class Verifier {
  readonly #api: Api;
  readonly #objects: Objects;
  readonly #person: Person;
  readonly #store: string;
  readonly #user: string;
  readonly #signatures: Signatures;

  constructor(parts: SignatureParts & { objects: Objects; store: string; user: string }) {
    this.#api = parts.api;
    this.#objects = parts.objects;
    this.#person = parts.person;
    this.#store = parts.store;
    this.#user = parts.user;
    this.#signatures = new Signatures(parts);
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
    const verified = await this.#upTo(remembered, served, users);
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
    const served = readServed(last);
    const shown = served.known;
    const { isSigned } = await this.#upTo(known, served, []);
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

  async #upTo(remembered: Known | null, served: Served, users: readonly User[]): Promise<Verified> {
    const { revision, known: shown } = served;
    checkInclusion(revision, this.#store);
    if (remembered !== null) {
      refuseOlder(remembered, shown);
      if (shown.digest === remembered.digest) return { ...shown, isSigned: true, missed: [] };
    }
    const gap = shown.manifest.revision - (remembered?.manifest.revision ?? 0);
    // Whoever signs nothing gets nobody to follow an endless chain: before more than one answer's worth is fetched.
    if (gap > historyPage) await this.#signatures.isSigned(served, users);
    if (remembered === null) {
      checkAtFirstSight(shown.manifest);
      const verified = await this.#atFirstSight(served, users);
      const { object, revision: number } = shown.manifest;
      this.#person.detail(
        `first sight of '${object.name}': that revision ${number} is the newest cannot be proven`,
      );
      return verified;
    }
    const missed = await this.#between(remembered, served);
    const toVerify = checkChain(
      remembered,
      missed.map((one) => one.known),
    );
    let isSigned = true;
    for (const one of missed) {
      if (toVerify.includes(one.known)) isSigned = (await this.#signatures.isSigned(one, users)) && isSigned;
    }
    return { ...shown, isSigned, missed: missed.map((one) => one.known) };
  }

  async #atFirstSight(served: Served, users: readonly User[]): Promise<Verified> {
    const shown = served.known;
    const anchor = await this.#anchor(shown);
    if (anchor === null) {
      const isSigned = await this.#signatures.isSigned(served, users);
      return { ...shown, isSigned, missed: [shown] };
    }
    const isAnchored = await this.#signatures.isSigned(anchor, users);
    const verified = await this.#upTo(anchor.known, served, users);
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
      for (const one of (await this.#history(shown, from, to)).toReversed()) {
        const { manifest } = one.known;
        if (manifest.revision > 1 && !isByFullWriter(manifest)) continue;
        checkInclusion(one.revision, this.#store);
        checkAtFirstSight(manifest);
        return one;
      }
      to = from - 1;
    }
    throw new Problem(
      "untrusted-server",
      `the server does not give the revisions of '${shown.manifest.object.name}' that say who its members are; nothing of it was used, ask who runs the server`,
    );
  }

  /** The revisions above the remembered one, fetched, up to the one shown. */
  async #between(remembered: Known, last: Served): Promise<Served[]> {
    const { known: shown } = last;
    const missed = await this.#history(shown, remembered.manifest.revision + 1, shown.manifest.revision - 1);
    for (const { revision } of missed) checkInclusion(revision, this.#store);
    return [...missed, last];
  }

  #history({ manifest }: Known, from: number, to: number): Promise<readonly Served[]> {
    return Array.fromAsync(servedHistory(this.#api, manifest.object.id, from, to));
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
