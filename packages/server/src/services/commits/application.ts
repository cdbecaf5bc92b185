import {
  faultOfFirst,
  faultOfNext,
  isPending,
  type Known,
  sameMember,
  sameProperty,
} from "@pstore/core/checks";
import { type Manifest, type Member, parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { flag } from "../../database/schema.ts";
import { insertObject, updateObject } from "../../repositories/objects.ts";
import type { Deed } from "../audit.ts";
import { deedsOf } from "../changes.ts";
import { noSuchObject } from "../objects.ts";
import { assertKeepsLimits, type Measured } from "./growth.ts";
import { bad, type ReadChange } from "./request.ts";
import type { Circumstances } from "./state.ts";
import { ValueStorage } from "./values.ts";
import { WrappedKeyStorage } from "./wrapped-keys.ts";

/** One change of a commit: checked, and written as far as later changes of the commit see it. */
export class Application {
  readonly #circumstances: Circumstances;
  readonly #change: ReadChange;
  readonly #next: Manifest;
  readonly #name: string;

  constructor(circumstances: Circumstances, change: ReadChange) {
    this.#circumstances = circumstances;
    this.#change = change;
    this.#next = change.manifest;
    this.#name = change.manifest.object.name;
  }

  async apply(made: { commit_digest: string; position: number; path: string }): Promise<Deed[]> {
    const next = this.#next;
    const base = this.#base();
    const size = this.#change.text.length;
    assertKeepsLimits(base, { manifest: next, size }, this.#circumstances.limits);
    this.#checkName();
    await this.#checkMembers(base?.manifest ?? null);
    await this.#storeObject();

    const { id } = next.object;
    this.#circumstances.writes.objects.push(id);
    this.#circumstances.writes.revisions.push({
      object_id: id,
      revision: next.revision,
      manifest: this.#change.text,
      digest: this.#change.digest,
      ...made,
    });
    this.#storeMembers(base?.manifest ?? null);
    const properties = await new ValueStorage(this.#circumstances, this.#change).store(base);
    await new WrappedKeyStorage(this.#circumstances, this.#change).store(properties);
    if (base === null || !sameProperties(base.manifest, next)) {
      this.#circumstances.writes.furnished.push(id);
      for (const property of properties) this.#circumstances.writes.properties.push(property);
    }
    return deedsOf(base?.manifest ?? null, next, this.#circumstances.keptUntil);
  }

  /** The newest revision that there is, which this change must continue; `null` for a new object. */
  #base(): (Known & Measured) | null {
    const next = this.#next;
    const { objects, accesses } = this.#circumstances.state;
    const object = objects.get(next.object.id);
    if (next.revision === 1) {
      if (object !== undefined) conflict(`there is a machine with the id of '${this.#name}' already`);
      const fault = faultOfFirst(next);
      if (fault !== null) bad("bad-manifest", `revision 1 of '${this.#name}' ${fault}`);
      return null;
    }
    const access = accesses.get(next.object.id);
    // Whoever is served nothing of an object has no base to change it on.
    if (object === undefined || object.withheld !== null || access === undefined)
      throw noSuchObject(this.#name);
    if (access === "read") {
      bad("forbidden", `you may only read '${object.name}'; ask one of its writers to make the change`);
    }
    const { manifest, digest } = object;
    if (manifest === null || digest === null)
      throw new Error(`object ${object.id} lacks its revision ${object.revision}`);
    const base = { manifest: parseManifest(manifest), digest, size: manifest.length };
    if (next.previous !== base.digest) {
      conflict(
        `'${object.name}' was changed by ${base.manifest.author.user} meanwhile: it is at revision ${object.revision}`,
      );
    }
    const fault = faultOfNext(base, next);
    if (fault !== null) bad("forbidden", `revision ${next.revision} of '${this.#name}' ${fault}`);
    return base;
  }

  #checkName(): void {
    if (this.#next.deleted) return;
    const { holders, withheldNames } = this.#circumstances.state;
    const holder = holders.get(this.#name);
    if (holder !== undefined && holder !== this.#next.object.id) {
      if (withheldNames.has(this.#name)) {
        throw new Problem(
          "conflict",
          `the name '${this.#name}' is taken by a machine of yours that an admin withholds; choose another name, or ask who runs the server`,
        );
      }
      throw new Problem("conflict", `there is a machine '${this.#name}' already; choose another name`);
    }
  }

  async #checkMembers(base: Manifest | null): Promise<void> {
    const { members, deleted } = this.#next;
    const stay = base !== null && this.#isRevocation(base) ? base.members : new Map<string, Member>();
    for (const [name, member] of members) {
      if (!this.#circumstances.users.has(name))
        bad("unusable-key", `'${name}' is no user of this store; use ^${name} to revoke`);
      // What is deleted is encrypted to nobody, and must be deletable whatever became of its members.
      if (deleted || sameMember(member, stay.get(name))) continue;
      const fault = await this.#circumstances.faults(name, member);
      if (fault !== null) bad("unusable-key", `${fault}, so '${this.#name}' was not changed`);
    }
  }

  /**
   * Whether somebody goes, and nothing else is done that would be encrypted to anybody: then those who stay as they were
   * need no usable key, whatever became of them.
   */
  #isRevocation(base: Manifest): boolean {
    const { values, wrappedKeys } = this.#change;
    const { members, object } = this.#next;
    return (
      values.size === 0 &&
      wrappedKeys.size === 0 &&
      object.name === base.object.name &&
      members.size < base.members.size &&
      [...members.keys()].every((name) => base.members.has(name)) &&
      sameProperties(base, this.#next)
    );
  }

  #storeMembers(base: Manifest | null): void {
    const { object, members } = this.#next;
    const { writes } = this.#circumstances;
    const isSame =
      base?.members.size === members.size &&
      [...members].every(([name, member]) => {
        const before = base.members.get(name);
        return before?.access === member.access && isPending(before) === isPending(member);
      });
    if (isSame) return;
    writes.manned.push(object.id);
    for (const [user, member] of members) {
      const pending = flag(isPending(member));
      const { access } = member;
      writes.members.push({ object_id: object.id, user_id: this.#userId(user), access, pending });
    }
  }

  #userId(name: string): string {
    const id = this.#circumstances.users.get(name)?.user.id;
    if (id === undefined) throw new Error(`the user ${name} was not looked up`);
    return id;
  }

  /** Writes the object's row, and who holds which name. */
  async #storeObject(): Promise<void> {
    const { object, revision, deleted } = this.#next;
    const before = this.#circumstances.state.objects.get(object.id);
    const row = { id: object.id, name: this.#name, live_name: deleted ? null : this.#name, revision };
    if (before === undefined) await insertObject(this.#circumstances.db, { ...row, withheld: null });
    else if (before.name === row.name && before.live_name === row.live_name)
      this.#circumstances.writes.advanced.push(row.id);
    else await updateObject(this.#circumstances.db, row);
    const { holders } = this.#circumstances.state;
    if (before?.live_name && holders.get(before.live_name) === row.id) holders.delete(before.live_name);
    if (row.live_name !== null) holders.set(row.live_name, row.id);
  }
}

function sameProperties(before: Manifest, next: Manifest): boolean {
  return (
    before.properties.size === next.properties.size &&
    [...next.properties].every(([name, property]) => {
      const old = before.properties.get(name);
      return old !== undefined && sameProperty(old, property);
    })
  );
}

function conflict(what: string): never {
  throw new Problem("conflict", `${what}; look at it again and repeat the change`);
}
