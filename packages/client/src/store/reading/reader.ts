import {
  type Details,
  maxDetails,
  type ObjectDetail,
  type ObjectList,
  type ObjectRow,
} from "@pstore/core/api/schemas";
import { isPending, type Known, reads } from "@pstore/core/checks";
import { clientCommand } from "@pstore/core/client-command";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Keyring } from "../../keyring/keyring.ts";
import type { Person } from "../../person.ts";
import type { Learned, Objects } from "../../state/objects.ts";
import type { Trust } from "../trust/trust.ts";
import type { Base } from "./base.ts";
import type { Lookup, Wanted } from "./lookup.ts";
import { Opener } from "./open.ts";
import { readPattern } from "./pattern.ts";
import { readServed, type Served } from "./served.ts";
import { OlderRevision, Verifier } from "./verify.ts";

/** An object that was verified, with its values within reach. */
export interface StoredObject extends Known {
  /** The user's own access; `null` for a privileged user who looks at what is not theirs. */
  readonly access: "read" | "write" | null;
  /** Whether anything is encrypted to the user: nothing is to a write-only key, or to who is no member. */
  readonly isReadable: boolean;
  /** Whether the user is a member who had no usable key, and waits to be let in. */
  readonly isWaiting: boolean;
  /** The value of a property in clear, as a stream, checked on the way. */
  value(property: string): AsyncIterable<Uint8Array>;
}

export interface ReaderParts {
  readonly api: Api;
  readonly objects: Objects;
  readonly trust: Trust;
  readonly keyring: Keyring;
  readonly person: Person;
  readonly lookup: Lookup;
  /** The store's id. */
  readonly store: string;
  readonly user: string;
  readonly acceptUnsigned: boolean;
}

/** How often the newest revision is asked for, when other commands of the same user are always quicker. */
const maxAsked = 8;

/** Makes verified objects of what the server answers. */
export class Reader {
  readonly opener: Opener;
  readonly #verifier: Verifier;
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#verifier = new Verifier(parts);
    this.opener = new Opener(parts);
  }

  /**
   * The object of exactly this name.
   * @param answer to the request for it
   * @throws Problem `not-found`, `forbidden`, `untrusted-server`, `untrusted-key`
   */
  async object(name: string, wanted: Wanted, answer: Promise<ObjectDetail>): Promise<StoredObject> {
    const askAgain = () => this.#parts.lookup.object(name, wanted);
    return this.#stored(await this.#newest({ ...wanted, name }, answer, askAgain));
  }

  /**
   * The objects of exactly these names, in their order.
   * @throws Problem `not-found`, …
   */
  async objects(names: readonly string[], wanted: Wanted): Promise<readonly StoredObject[]> {
    const found = await this.#together(names, [], (some) => this.#parts.lookup.objects(some, wanted));
    return found.map((base) => this.#stored(base));
  }

  /**
   * The user's own objects whose names fit a pattern. What the server leaves out although this client knows it is
   * warned of.
   */
  async matching(text: string): Promise<readonly StoredObject[]> {
    const { lookup, objects, person } = this.#parts;
    const pattern = readPattern(text);
    const listed = await lookup.matching(pattern);
    const there = new Set(listed);
    const missing = objects.names().filter((name) => pattern.matches(name) && !there.has(name));
    for (const name of missing) {
      const absence = await this.explainAbsence(name);
      if (absence !== null) person.warn(absence.message);
    }
    return listed.length === 0 ? [] : this.objects(listed, {});
  }

  #stored({ detail, verified }: Base): StoredObject {
    const { manifest, digest } = verified;
    const self = manifest.members.get(this.#parts.user);
    return {
      manifest,
      digest,
      access: self?.access ?? null,
      isReadable: self !== undefined && reads(self),
      isWaiting: self !== undefined && isPending(self),
      value: (property) => this.opener.value({ manifest, detail, property }),
    };
  }

  /**
   * The object of exactly this name, or those that contain it.
   * @param answer to the search for it
   */
  async found(
    name: string,
    wanted: Wanted,
    answer: Promise<ObjectList>,
  ): Promise<StoredObject | readonly ObjectRow[]> {
    const { lookup, person } = this.#parts;
    const page = await answer;
    if (page.object !== null) return this.object(name, wanted, Promise.resolve(page.object));
    const rows = page.next === null ? page.objects : await lookup.list(name, wanted.all === true);
    const absence = await this.explainAbsence(name);
    if (absence !== null && rows.length === 0) throw absence;
    if (absence !== null) person.warn(absence.message);
    return rows;
  }

  /** An object as a change needs it, with the keys of its members and of further users. */
  async base(name: string, users: readonly string[], deleted: boolean): Promise<Base> {
    const have = this.#have([name], users);
    const ask = () => this.#parts.api.object(name, { keys: "members", users, have, deleted });
    return this.#newest({ name, deleted }, ask(), ask);
  }

  /** Objects as a change needs them, likewise. */
  bases(names: readonly string[], users: readonly string[]): Promise<readonly Base[]> {
    return this.#together(names, users, (some) =>
      this.#parts.api.details({
        names: [...some],
        keys: "members",
        users: [...users],
        have: [...this.#have(some, users)],
      }),
    );
  }

  #have(names: readonly string[], users: readonly string[]): readonly string[] {
    const { objects, trust } = this.#parts;
    const members = names.flatMap((name) => [...(objects.byName(name)?.manifest.members.keys() ?? [])]);
    return trust.have([...members, ...users]);
  }

  /** Reads several objects, with as few requests as that takes, and users whose keys are needed with them. */
  async #together(
    names: readonly string[],
    users: readonly string[],
    ask: (names: readonly string[]) => Promise<Details>,
  ): Promise<readonly Base[]> {
    const found: Base[] = [];
    const progress = this.#parts.person.progress("reading", names.length, "items");
    try {
      for (let from = 0; from < names.length; from += maxDetails) {
        const some = names.slice(from, from + maxDetails);
        const { objects, users: served } = await ask(some);
        const answers = new Map(
          objects.map((detail) => {
            const revision = readServed(detail.revision);
            const { name } = revision.known.manifest.object;
            return [name, { detail: { ...detail, users: served }, served: revision }] as const;
          }),
        );
        await this.#learning(async (learned) => {
          for (const name of some) {
            const one = answers.get(name);
            const base = one === undefined ? null : await this.#verified(name, one, learned);
            found.push(base ?? (await this.base(name, users, false)));
            progress.advance(1);
          }
        });
      }
    } finally {
      progress.done();
    }
    return found;
  }

  /** What is learned is remembered in one go, also of those before one that is refused: each time by itself costs. */
  async #learning(act: (learned: Learned[]) => Promise<void>): Promise<void> {
    const learned: Learned[] = [];
    try {
      await act(learned);
    } finally {
      this.#parts.objects.rememberAll(learned);
    }
  }

  /** `null` where another command has seen a newer revision meanwhile, or the server gave one object twice. */
  async #verified(
    name: string,
    { detail, served }: { detail: ObjectDetail; served: Served },
    learned: Learned[],
  ): Promise<Base | null> {
    const { id } = served.known.manifest.object;
    // Of what is learned but not yet remembered, nothing could tell that it is older.
    if (learned.some(({ known }) => known.manifest.object.id === id)) {
      this.#parts.objects.rememberAll(learned.splice(0));
      return null;
    }
    try {
      return { detail, verified: await this.#verifier.newest({ name }, served, detail.users, learned) };
    } catch (error) {
      if (error instanceof OlderRevision) return null;
      throw error;
    }
  }

  /**
   * The newest revision of an object. While the server was asked, another command of the same user may have seen a
   * newer one than it answers: an honest server gives that one when it is asked again.
   */
  async #newest(
    { name, deleted = false }: { name: string; deleted?: boolean },
    answer: Promise<ObjectDetail>,
    askAgain: () => Promise<ObjectDetail>,
  ): Promise<Base> {
    let detail = await this.#explained(name, answer, deleted);
    for (let asked = 1; ; asked++) {
      try {
        const served = readServed(detail.revision);
        const verified = await this.#verifier.newest({ name, deleted }, served, detail.users);
        return { detail, verified };
      } catch (error) {
        if (!(error instanceof OlderRevision) || asked === maxAsked) throw error;
      }
      detail = await this.#explained(name, askAgain(), deleted);
    }
  }

  async #explained(name: string, answer: Promise<ObjectDetail>, evenDeleted: boolean): Promise<ObjectDetail> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "not-found") throw error;
      throw (await this.explainAbsence(name, evenDeleted)) ?? error;
    }
  }

  /**
   * Why an object that this client knows is not there: a signed deletion, or nothing that proves anything.
   * @param evenDeleted whether it was asked for even if it is deleted
   */
  async explainAbsence(name: string, evenDeleted = false): Promise<Problem | null> {
    const known = this.#parts.objects.byName(name) ?? this.#parts.objects.deleted(name);
    if (known === null) return null;
    const now = await this.#verifier.whatBecameOf(known);
    const { deleted, author, object, revision } = now.manifest;
    const absence = (why: string) => new Problem("not-found", why);
    const others = author.user === this.#parts.user ? "" : `${author.user} or `;
    const perhaps = `an admin may have done that, or you may have lost access; ask ${others}who runs the server`;
    if (deleted && evenDeleted && known.manifest.deleted) {
      return absence(`'${name}', which ${author.user} has deleted, is hidden by the server: ${perhaps}`);
    }
    if (deleted) {
      return absence(
        `${author.user} has deleted the machine '${name}'; ${clientCommand(object.name, "--history")} lists the revisions that --restore can bring back`,
      );
    }
    if (object.name !== name)
      return absence(`${author.user} has renamed the machine '${name}' to '${object.name}'`);
    if (!now.manifest.members.has(this.#parts.user)) {
      return absence(
        author.user === this.#parts.user
          ? `you have given up your access to '${name}' yourself, with its revision ${revision}; ask a member to allow you again`
          : `you have no access to '${name}': its revision ${revision}, by ${author.user}, is without you; ask a member to allow you again`,
      );
    }
    return absence(
      `'${name}' is hidden by the server, no signed deletion: this client has seen its revision ${revision}, and the server withholds it: ${perhaps}`,
    );
  }
}
