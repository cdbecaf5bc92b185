import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { User } from "@pstore/core/api/schemas";
import type { Fingerprint } from "@pstore/core/fingerprint";
import type { Manifest, Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Pin, Pins } from "../../state/pins.ts";
import type { Base } from "../reading/base.ts";
import { History } from "../reading/history.ts";
import type { Opener } from "../reading/open.ts";
import { type Change, changeOf, type NewMembers, type Seal } from "./change.ts";
import { type CommitterParts, commit } from "./commit.ts";
import { sayReaders, warnOfConsequences } from "./consequences.ts";
import { changesNothing, type Draft, makeDraft, nothingRestored, type Restored } from "./draft.ts";
import { LostUpdates } from "./lost-updates.ts";
import type { MemberPlanner } from "./members.ts";
import { isMereRevocation, whoStay } from "./mere-revocation.ts";
import type { PlannedMembers } from "./planned-members.ts";
import { refuseUnentitled, refuseUnsigned } from "./rights.ts";
import type { SealedValue } from "./seal.ts";
import { wrapAll } from "./wrapping.ts";

/** How often a change is tried anew when others change the same objects at the same time. */
const maxTries = 30;

export interface ChangerParts extends CommitterParts {
  readonly pins: Pins;
  readonly planner: MemberPlanner;
  readonly opener: Opener;
  readonly user: string;
  /** What an object gets back from an earlier revision. */
  restored(base: Base, restore: NonNullable<Change["restore"]>): Promise<Restored>;
}

/** An object that a change leaves as it is, although it was meant. */
export interface LeftOut {
  readonly machine: string;
  /** A sentence. */
  readonly why: string;
  /** Somebody without a usable key is in the way, about whom a change of this object alone can decide. */
  readonly isUndecided?: true;
}

/** One object under way from what it is to what it shall be. */
interface Step {
  readonly base: Base;
  /** What the change means for this object. */
  readonly change: Change;
  readonly planned: PlannedMembers;
}

/** Makes changes: new manifests, wrapped keys for whoever lacks them, one signature, one commit. */
export class Changer {
  readonly #parts: ChangerParts;
  readonly #lostUpdates = new LostUpdates();

  constructor(parts: ChangerParts) {
    this.#parts = parts;
  }

  /** Makes a new object of that name, of the user here and those allowed. */
  async create(name: string, who: NewMembers, users: readonly User[], seal: Seal): Promise<void> {
    const { store, planner } = this.#parts;
    const change = { ...who, revoke: [] };
    const planned = await planner.plan(null, change, users);
    await planner.confirm(new Map([[name, planned]]), change);
    const author = await this.#author([planned.members]);
    const values = await seal();
    await this.#commit([
      makeDraft({
        ...{ store, object: { id: randomUUID(), name }, base: null, planned, author, values },
        ...{ change: {}, restored: nothingRestored },
      }),
    ]);
  }

  /**
   * Changes objects, all of them or none; when somebody else was quicker, on top of what they made of them.
   * @param seal makes the new values of one object
   * @param read reads the objects anew, in the same order
   * @throws Problem `conflict` when somebody else has changed one of the same properties since `bases`
   */
  async change(
    bases: readonly Base[],
    change: Change,
    seal: Seal,
    read: () => Promise<readonly Base[]>,
  ): Promise<void> {
    let current = bases;
    let steps = await this.#plan(current, change, seal);
    const author = await this.#author(bases.map(({ verified }) => verified.manifest.members));
    await this.#ask(bases, change);
    const values: (readonly SealedValue[])[] = [];
    for (const _ of bases) values.push(await seal());
    for (let tries = 1; ; tries++) {
      try {
        await this.#commit(await this.#drafts(steps, values, author));
        return;
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "conflict" || tries === maxTries) throw error;
        // Two clients that were told of the conflict at once should not meet again.
        await pause(Math.random() * 20 * Math.min(tries, 10));
        const before = current;
        current = await read();
        // Nobody was quicker: to sign the same again is no use.
        if (current.every(({ verified }, index) => verified.digest === before[index]?.verified.digest))
          throw error;
      }
      for (const [index, base] of bases.entries())
        this.#lostUpdates.refuse(base, current[index] ?? base, change, values[index] ?? []);
      steps = await this.#plan(current, change, seal);
    }
  }

  /** The objects that a change could be made of, apart from those where members of theirs are in the way. */
  async possible(
    bases: readonly Base[],
    change: Change,
  ): Promise<{ bases: readonly Base[]; leftOut: readonly LeftOut[] }> {
    const found: Base[] = [];
    const leftOut: LeftOut[] = [];
    for (const base of bases) {
      try {
        await this.#planOne(base, change, false);
        found.push(base);
      } catch (error) {
        if (!(error instanceof Problem) || !["unusable-key", "untrusted-key"].includes(error.code))
          throw error;
        leftOut.push({
          machine: base.verified.manifest.object.name,
          why: error.message,
          ...(error.code === "unusable-key" ? { isUndecided: true } : {}),
        });
      }
    }
    return { bases: found, leftOut };
  }

  /** Plans all of it before anything is made, so that whatever stands in the way is said first. */
  async #plan(bases: readonly Base[], whole: Change, seal: Seal): Promise<readonly Step[]> {
    const { planner } = this.#parts;
    const isMere = isMereRevocation(whole, seal);
    const steps: Step[] = [];
    const toConfirm = new Map<string, PlannedMembers>();
    for (const base of bases) {
      const { verified } = base;
      this.#lostUpdates.see(base);
      refuseUnsigned(verified);
      refuseUnentitled(verified.manifest, this.#parts.user, whole);
      const change = changeOf(verified.manifest, whole);
      const asListed = await this.#asListed(base, change, isMere);
      const planned = asListed ?? (await this.#planOne(base, change, bases.length > 1));
      if (asListed === null) toConfirm.set(verified.manifest.object.name, planned);
      steps.push({ base, change, planned });
    }
    if (toConfirm.size > 0) await planner.confirm(toConfirm, whole);
    return steps;
  }

  /** The members where those who are left stay just as they were listed, without a look at their keys; else `null`. */
  async #asListed(base: Base, change: Change, isMere: boolean): Promise<PlannedMembers | null> {
    const { manifest } = base.verified;
    if (change.remove === true) return { members: manifest.members, publicKeys: new Map(), lacks: new Map() };
    if (!isMere) return null;
    if (change.pending !== true) return whoStay(manifest, change.revoke);
    // Who cannot be encrypted to is to wait, but nobody who cannot wait shall keep anybody else in.
    return (await this.#isInTheWay(base, change)) ? whoStay(manifest, change.revoke) : null;
  }

  async #isInTheWay(base: Base, change: Change): Promise<boolean> {
    return (await this.possible([base], change)).leftOut.length > 0;
  }

  /** @param isOneOfMany the sentence about what is in the way must then say where */
  async #planOne({ verified, detail }: Base, change: Change, isOneOfMany: boolean): Promise<PlannedMembers> {
    const { manifest } = verified;
    try {
      return await this.#parts.planner.plan(manifest, change, detail.users);
    } catch (error) {
      if (!(error instanceof Problem) || !isOneOfMany || error.code === "not-found") throw error;
      throw new Problem(error.code, `${error.message} (in the way at '${manifest.object.name}')`, {
        cause: error,
      });
    }
  }

  /** What is decided by the person here, before they are asked for a value. */
  async #ask(bases: readonly Base[], { set }: Change): Promise<void> {
    if (set?.kind !== "public") return;
    const hidden = bases
      .map(({ verified }) => verified.manifest)
      .filter(({ properties }) => properties.get(set.property)?.kind === "encrypted")
      .map(({ object }) => `'${object.name}'`);
    if (hidden.length === 0) return;
    const where = hidden.length === 1 ? hidden[0] : `${hidden.length} machines`;
    const question = `'${set.property}' of ${where} is encrypted now; store it public, for the server to read?`;
    if (await this.#parts.person.confirm(question)) return;
    throw new Problem("declined", "nothing was stored; -pe stores it encrypted");
  }

  async #drafts(
    steps: readonly Step[],
    values: readonly (readonly SealedValue[])[],
    author: Manifest["author"],
  ): Promise<readonly Draft[]> {
    const { store, restored } = this.#parts;
    const drafts: Draft[] = [];
    for (const [index, { base, change, planned }] of steps.entries()) {
      const { object } = base.verified.manifest;
      drafts.push(
        makeDraft({
          ...{ store, object, base, planned, change, author, values: values[index] ?? [] },
          restored: change.restore === undefined ? nothingRestored : await restored(base, change.restore),
        }),
      );
    }
    return drafts;
  }

  /**
   * The user with the key that signs: one of their own, listed in all of these members.
   * @throws Problem `no-private-key`: asked for before a value is sealed, and so before a password is typed
   */
  async #author(members: readonly ReadonlyMap<string, Member>[]): Promise<Manifest["author"]> {
    const { user, pins, keyring } = this.#parts;
    const listed = (key: Fingerprint) => members.every((all) => all.get(user)?.keys.has(key) === true);
    const own = pins.ownOf(user).filter((pin) => listed(pin.fingerprint));
    // Of an earlier key, the private part may be gone.
    const all = own.length < 2 ? [] : await keyring.list(own.map(({ fingerprint }) => fingerprint));
    const held = all.filter((key) => key.fault === undefined);
    const isHeld = (key: Fingerprint) => held.some(({ fingerprint }) => fingerprint === key);
    // A reading key may do what a write-only one may not.
    const rank = (pin: Pin) => Number(isHeld(pin.fingerprint)) * 2 + Number(!pin.writeOnly);
    const [key] = own.sort((a, b) => rank(b) - rank(a));
    if (key !== undefined) return { user, key: key.fingerprint };
    const where = members.length === 1 ? "" : " of all these machines";
    throw new Problem(
      "no-private-key",
      `none of the keys that '${user}' is a member${where} with is here (looked at: ${keyring.lookedAt}); use the machine that has it, or give --identity, or with a new key, run pstore --trust ${user}`,
    );
  }

  /** Leaves out what would stay as it is. */
  async #commit(all: readonly Draft[]): Promise<void> {
    const drafts = all.filter((draft) => !changesNothing(draft));
    const left = all.length - drafts.length;
    const { api, opener, person } = this.#parts;
    const afterwards = await warnOfConsequences(drafts, person, new History(api));
    await commit(this.#parts, drafts, await wrapAll(drafts, opener));
    if (all.length > 1) {
      const stay = left === 0 ? "" : `, ${left} stay as they are`;
      person.notice(`${drafts.length} ${drafts.length === 1 ? "machine" : "machines"} changed${stay}`);
    }
    await afterwards();
    sayReaders(drafts, person);
  }
}
