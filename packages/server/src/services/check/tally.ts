import { isPending } from "@pstore/core/checks";
import { type Fingerprint, parseFingerprint } from "@pstore/core/fingerprint";
import type { Manifest, Member } from "@pstore/core/manifest";
import type { CommitTable, ObjectTable, PublicKeyTable, StoredValueTable } from "../../database/schema.ts";
import { abilitiesOf } from "../abilities.ts";
import type { UserWithKeys } from "../directory.ts";
import { factsOf } from "../key-facts.ts";
import { faultOfKey, hasKeyFor } from "../members.ts";

/** An object and how much is stored of it, earlier values that are kept included; in bytes. */
export interface Largest {
  readonly id: string;
  readonly name: string;
  readonly size: number;
}

/** On how many living objects something is so with a member. */
export interface MemberCount {
  readonly user: string;
  readonly objects: number;
}

/** Members who may not sign in any more, and are listed still. */
export interface Departed extends MemberCount {
  readonly state: "disabled" | "removed" | "unknown";
  /** Those that nobody can write. */
  readonly stuck: number;
}

/** Living objects whose values are not encrypted to a member's keys as they are now. */
export interface Stale extends MemberCount {
  /** Those that list a key that is not current, or a part of one that is not good any more. */
  readonly outdated: number;
  /** Those that lack a key of the member's that reads. */
  readonly lacking: number;
  /** Those that the member can put right themselves. */
  readonly own: number;
  /** Whether the member has a key for each: where they read, one that values could be encrypted to. */
  readonly usable: boolean;
}

/** So many of the largest objects are kept. */
const mostLargest = 10;

/** What a consistency check counts on its way through all objects. */
export class Tally {
  readonly #now: Date;
  objects = 0;
  /** Revisions without any signature: nobody can tell who made them. */
  unsigned = 0;
  /** Bytes of the values that stand, and of earlier ones that are kept; without wrapped keys. */
  readonly bytes = { current: 0, kept: 0 };
  largest: readonly Largest[] = [];
  readonly #waiting = new Map<string, MemberCount>();
  readonly #departed = new Map<string, Departed>();
  readonly #stale = new Map<string, Stale>();
  /** Whether a key's block, by its fingerprint, is one that values can be encrypted to now. */
  readonly #reads = new Map<string, boolean>();

  constructor(now: Date) {
    this.#now = now;
  }

  /** Members who wait to be let in, by name. */
  get waiting(): readonly MemberCount[] {
    return byUser(this.#waiting);
  }

  get departed(): readonly Departed[] {
    return byUser(this.#departed);
  }

  get stale(): readonly Stale[] {
    return byUser(this.#stale);
  }

  countRevision({ signature }: Pick<CommitTable, "signature">): void {
    if (signature === "") this.unsigned++;
  }

  countValues({ id, name }: ObjectTable, values: readonly StoredValueTable[]): void {
    this.objects++;
    let size = 0;
    for (const value of values) {
      const bytes = Number(value.size);
      size += bytes;
      this.bytes[value.replaced === null ? "current" : "kept"] += bytes;
    }
    if (size === 0) return;
    const { largest } = this;
    if (largest.length === mostLargest && size <= (largest.at(-1)?.size ?? 0)) return;
    this.largest = [...largest, { id, name, size }].sort((a, b) => b.size - a.size).slice(0, mostLargest);
  }

  /** @param head of a living object */
  async countMembers(head: Manifest, users: ReadonlyMap<string, UserWithKeys>): Promise<void> {
    let isStuck: boolean | undefined;
    for (const [user, member] of head.members) {
      const found = users.get(user);
      const state = stateOf(found);
      if (state !== null) {
        const { objects = 0, stuck = 0 } = this.#departed.get(user) ?? {};
        isStuck ??= !(await this.#isWritable(head, users));
        this.#departed.set(user, { user, state, objects: objects + 1, stuck: stuck + Number(isStuck) });
      } else if (isPending(member)) {
        const { objects = 0 } = this.#waiting.get(user) ?? {};
        this.#waiting.set(user, { user, objects: objects + 1 });
      } else if (found !== undefined) await this.#countKeys(user, member, found);
    }
  }

  async #isWritable({ members }: Manifest, users: ReadonlyMap<string, UserWithKeys>): Promise<boolean> {
    for (const [user, member] of members)
      if ((await abilitiesOf(member, users.get(user), this.#now)).writes) return true;
    return false;
  }

  async #countKeys(user: string, member: Member, found: UserWithKeys): Promise<void> {
    const isOutdated = await this.#isOutdated(user, member, found);
    const isLacking = await this.#isLacking(member, found);
    if (!isOutdated && !isLacking) return;
    const { writes } = await abilitiesOf(member, found, this.#now);
    const { objects, outdated, lacking, own, usable } = this.#stale.get(user) ?? nothing;
    this.#stale.set(user, {
      user,
      objects: objects + 1,
      outdated: outdated + Number(isOutdated),
      lacking: lacking + Number(isLacking),
      own: own + Number(writes),
      usable: usable && (await hasKeyFor(member, found, this.#now)),
    });
  }

  async #isOutdated(user: string, { keys }: Member, found: UserWithKeys): Promise<boolean> {
    for (const [fingerprint, subkey] of keys) {
      const row = found.keys.find((key) => key.fingerprint === fingerprint);
      if ((await faultOfKey(user, fingerprint, subkey, row, this.#now)) !== null) return true;
      if (row !== undefined && subkey !== null && (await encryptsTo(row, this.#now)) !== subkey) return true;
    }
    return false;
  }

  async #isLacking({ keys }: Member, found: UserWithKeys): Promise<boolean> {
    for (const row of found.keys) {
      if (row.write_only === 0 && !keys.has(parseFingerprint(row.fingerprint)) && (await this.#readsNow(row)))
        return true;
    }
    return false;
  }

  async #readsNow(row: PublicKeyTable): Promise<boolean> {
    const known = this.#reads.get(row.fingerprint);
    if (known !== undefined) return known;
    const reads = (await encryptsTo(row, this.#now)) !== null;
    this.#reads.set(row.fingerprint, reads);
    return reads;
  }
}

const nothing = { objects: 0, outdated: 0, lacking: 0, own: 0, usable: true };

async function encryptsTo(row: PublicKeyTable, now: Date): Promise<Fingerprint | null> {
  return (await factsOf(row, now)).encrypts?.fingerprint ?? null;
}

function stateOf(found: UserWithKeys | undefined): Departed["state"] | null {
  if (found === undefined) return "unknown";
  if (found.user.removed !== null) return "removed";
  return found.user.active === 0 ? "disabled" : null;
}

function byUser<T extends MemberCount>(counts: ReadonlyMap<string, T>): readonly T[] {
  return [...counts.values()].sort((a, b) => (a.user < b.user ? -1 : 1));
}
