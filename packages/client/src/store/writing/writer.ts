import { clientCommand } from "@pstore/core/client-command";
import type { Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { PendingCommits } from "../../state/pending.ts";
import type { Pins } from "../../state/pins.ts";
import type { Base } from "../reading/base.ts";
import type { Reader, ReaderParts } from "../reading/reader.ts";
import { type Change, type NewMembers, type Seal, sealNothing } from "./change.ts";
import { Changer, type LeftOut } from "./changer.ts";
import { MemberPlanner } from "./members.ts";
import { PresentKeys } from "./present-keys.ts";
import { type Prospect, prospectOf, type Ready } from "./prospects.ts";
import { Restorer } from "./restoring.ts";
import type { Revoker } from "./revoker.ts";
import type { Rewrapper } from "./rewrapper.ts";
import { type SealedValue, sealValue } from "./seal.ts";

export interface WriterParts extends ReaderParts {
  readonly pins: Pins;
  readonly pending: PendingCommits;
  readonly reader: Reader;
}

/** How many users are asked for at once. */
const mostAsked = 100;

/** Creates and changes objects. */
export class Writer {
  readonly #parts: WriterParts;
  readonly #keys: PresentKeys;
  readonly #changer: Changer;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#keys = new PresentKeys(parts);
    const restorer = new Restorer({ ...parts, opener: parts.reader.opener });
    this.#changer = new Changer({
      ...parts,
      planner: new MemberPlanner({ ...parts, keys: this.#keys }),
      opener: parts.reader.opener,
      restored: (base, restore) => restorer.restored(base, restore),
    });
  }

  /** Makes a new object, of this user and those allowed. */
  async create(name: string, members: NewMembers, seal: Seal): Promise<void> {
    const { api, user } = this.#parts;
    const [{ users }] = await Promise.all([
      api.users([user, ...members.allow.map((grant) => grant.user)]),
      this.#refuseExisting(name),
    ]);
    await this.#changer.create(name, members, users, seal);
  }

  /** Not by the name alone: that there is none would look like a refusal in the log. */
  async #refuseExisting(name: string): Promise<void> {
    const { api, person, reader, objects } = this.#parts;
    const { object } = await api.objects({ q: name, exact: true });
    if (object === null) {
      const absence = objects.knows(name) ? await reader.explainAbsence(name) : null;
      if (absence !== null) person.warn(absence.message);
      return;
    }
    throw new Problem(
      "conflict",
      `the machine '${name}' exists already; ${clientCommand("-P", name)} changes its password`,
    );
  }

  async change(name: string, change: Change, seal: Seal): Promise<void> {
    const users = change.allow.map(({ user }) => user);
    const deleted = change.restore !== undefined;
    const before = deleted ? this.#parts.objects.deletedIds(name) : [];
    const read = () => this.#parts.reader.base(name, users, deleted);
    const base = await read();
    await this.#confirmOther(base, before);
    await this.#changer.change([base], change, seal, async () => [await read()]);
  }

  /**
   * Asks about a deleted object that is to come back, where another one is known to have been deleted under its name: a
   * server in league with anybody could have exchanged them.
   * @param known the ids of all that are known so
   */
  async #confirmOther({ verified }: Base, known: readonly string[]): Promise<void> {
    const { object, deleted, author, members } = verified.manifest;
    if (!deleted || known.every((id) => id === object.id)) return;
    const question = `'${object.name}' was deleted by ${author.user} and is for ${[...members.keys()].sort().join(", ")}; it is not the only machine that you knew by this name. Bring this one back?`;
    if (await this.#parts.person.confirm(question)) return;
    throw new Problem("declined", "nothing was restored");
  }

  /** Changes all of these objects, or none. */
  async changeAll(names: readonly string[], change: Change, seal: Seal): Promise<void> {
    const users = change.allow.map(({ user }) => user);
    const read = () => this.#parts.reader.bases(names, users);
    await this.#changer.change(await read(), { ...change, isNarrowed: true }, seal, read);
  }

  /** What would come of letting these users in, who wait. */
  async prospects(users: readonly string[]): Promise<readonly Prospect[]> {
    const found: Prospect[] = [];
    for (let from = 0; from < users.length; from += mostAsked) {
      const some = users.slice(from, from + mostAsked);
      const served = (await this.#parts.api.users(some)).users;
      for (const user of some) {
        const one = served.find(({ name }) => name === user);
        const unknown = { user, is: "unknown", why: `the store knows no user '${user}'` } as const;
        found.push(one === undefined ? unknown : await prospectOf(one, { ...this.#parts, keys: this.#keys }));
      }
    }
    return found;
  }

  /**
   * Lets users in where they wait, with one commit: just the keys that were shown are pinned, and encrypted to. Objects
   * in which somebody is in the way are left out.
   * @returns those, and why
   */
  async letIn(names: readonly string[], shown: readonly Ready[]): Promise<readonly LeftOut[]> {
    for (const { served } of shown) await this.#keys.meet(served);
    const letIn = new Map(shown.map(({ user, keys }) => [user, keys]));
    return this.#changePossible(names, { allow: [], revoke: [], letIn });
  }

  /** What encrypts everything to the present keys of a user. */
  async rewrapper(): Promise<Rewrapper> {
    const { Rewrapper } = await import("./rewrapper.ts");
    return new Rewrapper({
      ...this.#parts,
      keys: this.#keys,
      change: (names, change) => this.#changePossible(names, change),
    });
  }

  /** What revokes somebody from many objects. */
  async revoker(): Promise<Revoker> {
    const { Revoker } = await import("./revoker.ts");
    return new Revoker({
      ...this.#parts,
      change: (names, change) => this.changeAll(names, change, sealNothing),
    });
  }

  async #changePossible(names: readonly string[], whole: Change): Promise<readonly LeftOut[]> {
    const change: Change = { ...whole, isNarrowed: true };
    const { reader } = this.#parts;
    const { bases, leftOut } = await this.#changer.possible(await reader.bases(names, []), change);
    const possible = bases.map(({ verified }) => verified.manifest.object.name);
    if (possible.length > 0)
      await this.#changer.change(bases, change, sealNothing, () => reader.bases(possible, []));
    return leftOut;
  }

  seal(property: string, kind: Property["kind"], value: AsyncIterable<Uint8Array>): Promise<SealedValue> {
    return sealValue(this.#parts, property, kind, value);
  }
}
