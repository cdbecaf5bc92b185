import type { User } from "@pstore/core/api/schemas";
import { reads, sameKeys } from "@pstore/core/checks";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { encryptionSubkey, expiresWithin, whyUnusable } from "@pstore/core/keys/usability";
import type { UserKey } from "@pstore/core/keys/user-key";
import type { Grant, Manifest, Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Person } from "../../person.ts";
import { expiryWarning, expiryWarningDays } from "../expiry.ts";
import type { Acquaintance, Trust, TrustedKey } from "../trust.ts";
import type { Change } from "./change.ts";

type MemberChange = Pick<Change, "allow" | "revoke" | "pending" | "rewrap" | "isNarrowed">;

/** Who may read and write after a change, with the public keys to wrap to. */
export interface PlannedMembers {
  readonly members: ReadonlyMap<string, Member>;
  /** By primary fingerprint, for every reading key of every member. */
  readonly publicKeys: ReadonlyMap<Fingerprint, UserKey>;
}

/** The members under way. */
interface Plan extends PlannedMembers {
  readonly members: Map<string, Member>;
  readonly publicKeys: Map<Fingerprint, UserKey>;
}

/**
 * Plans the members of the next revision: those of the signed manifest before it and those that the command names,
 * each with trusted keys that are usable now. The server's word adds nobody.
 */
export class MemberPlanner {
  readonly #trust: Trust;
  readonly #person: Person;
  readonly #user: string;
  readonly #now = new Date();
  /** Users as they were served, with what is believed of them: many objects often have the same members. */
  readonly #met = new WeakMap<User, Promise<Acquaintance>>();

  constructor(parts: { trust: Trust; person: Person; user: string }) {
    this.#trust = parts.trust;
    this.#person = parts.person;
    this.#user = parts.user;
  }

  /**
   * @param base the members before; `null` for a new object, whose first member is the user here
   * @param served what the server gives of all these users
   * @throws Problem with a sentence that names the user in the way, and `^user` where that is the way out
   */
  async plan(base: Manifest | null, change: MemberChange, served: readonly User[]): Promise<PlannedMembers> {
    const name = base?.object.name ?? "";
    const before = base?.members ?? new Map<string, Member>();
    for (const user of change.revoke) {
      if (!before.has(user))
        throw new Problem("not-found", `${user} has no access to '${name}' that ^${user} could revoke`);
    }
    const plan: Plan = { members: new Map(), publicKeys: new Map() };
    await this.#addKept(plan, name, before, change, served);
    const self: Grant = { user: this.#user, access: "write" };
    await this.#addNewcomers(plan, base === null ? [self, ...change.allow] : change.allow, served);
    const { members } = plan;
    refuseLoss(name, members, base === null ? null : before);
    this.#warnOfExpiry(plan);
    return plan;
  }

  /**
   * Asks about those members of the plans that only the server's word speaks for.
   * @param allow who is meant by being named
   */
  async confirm(plans: readonly PlannedMembers[], allow: readonly Grant[]): Promise<void> {
    const all = new Set(plans.flatMap(({ members }) => [...members.keys()]));
    const named = [this.#user, ...allow.map(({ user }) => user)].filter((user) => all.has(user));
    await this.#trust.confirmRecipients([...all], named, plans.length);
  }

  /** Those who were members before; whoever is in the way of all of them is named at once. */
  async #addKept(
    plan: Plan,
    name: string,
    before: ReadonlyMap<string, Member>,
    change: MemberChange,
    served: readonly User[],
  ): Promise<void> {
    const faults = new Map<string, Problem>();
    for (const [user, member] of before) {
      if (change.revoke.includes(user)) continue;
      try {
        const known = this.#served(user, served, `revoke them with ^${user}`);
        const acquaintance = await this.#meet(known);
        const grant = change.allow.find((one) => one.user === user);
        const kept = await this.#keep(user, member, acquaintance, grant);
        if (member.access === "read" && kept.access === "write")
          this.#person.notice(`${user} may now change '${name}', and not only read it`);
        const isSame = kept.access === member.access && sameKeys(kept, member);
        if (grant !== undefined && isSame && change.isNarrowed !== true)
          this.#person.warn(`${user} already has access to '${name}'`);
        this.#add(plan, user, kept, acquaintance);
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "unusable-key") throw error;
        faults.set(user, error);
      }
    }
    const [first, second] = faults.values();
    if (first === undefined) return;
    if (second === undefined) throw first;
    const users = [...faults.keys()];
    throw new Problem(
      "unusable-key",
      `nothing can be encrypted for ${users.join(", ")}; revoke them with ${users.map((user) => `^${user}`).join(" ")} (of the first: ${first.message})`,
    );
  }

  async #addNewcomers(plan: Plan, grants: readonly Grant[], served: readonly User[]): Promise<void> {
    for (const { user, access } of grants) {
      if (plan.members.has(user)) continue;
      const known = this.#served(user, served, `leave out +${user}`);
      const acquaintance = await this.#meet(known);
      if (user !== this.#user) this.#trust.refuseChanged(user, acquaintance);
      this.#add(plan, user, { access, keys: await this.#admit(user, acquaintance) }, acquaintance);
    }
  }

  #add({ members, publicKeys }: Plan, user: string, member: Member, acquaintance: Acquaintance): void {
    members.set(user, member);
    for (const [key, part] of member.keys) {
      const trusted = acquaintance.trusted.get(key);
      if (part === null || trusted === undefined) continue;
      publicKeys.set(key, trusted.publicKey);
      this.#person.detail(`encrypting to ${user}'s key ${readable(key)}`);
    }
  }

  #served(user: string, served: readonly User[], remedy: string): User {
    const known = served.find((one) => one.name === user);
    if (known === undefined) throw new Problem("not-found", `the store knows no user '${user}'; ${remedy}`);
    if (!known.active)
      throw new Problem(
        "unusable-key",
        `${user} is disabled or removed at the store, so nothing can be encrypted for them; ${remedy}${remedy.startsWith("revoke") ? `, or everywhere with --offboard ${user}` : ""}`,
      );
    if (known.keys.every((key) => key.removed))
      throw new Problem(
        "unusable-key",
        `${user} has no public key at the store, so nothing can be encrypted for them; ${remedy}, or ask an admin to add one`,
      );
    return known;
  }

  #meet(served: User): Promise<Acquaintance> {
    const keys = served.keys.filter((key) => !key.removed);
    const met = this.#met.get(served) ?? this.#trust.meet({ ...served, keys });
    this.#met.set(served, met);
    return met;
  }

  /** A member as before, without the keys that can no longer be used while another one can. */
  async #keep(
    user: string,
    member: Member,
    acquaintance: Acquaintance,
    grant: Grant | undefined,
  ): Promise<Member> {
    const keys = new Map<Fingerprint, Fingerprint | null>();
    let fault: Problem | null = null;
    for (const [key, part] of member.keys) {
      const trusted = acquaintance.trusted.get(key);
      if (trusted === undefined) {
        this.#trust.refuseChanged(user, acquaintance);
        fault = new Problem("unusable-key", `${user}'s key ${readable(key)} is no longer at the store`);
      } else if (part === null || trusted.writeOnly) {
        keys.set(key, null);
      } else {
        const now = this.#partOf(user, key, trusted, part);
        if (now instanceof Problem) fault = now;
        else keys.set(key, now);
      }
      if (fault !== null && !keys.has(key)) this.#person.detail(`${fault.message}`);
    }
    if (grant !== undefined) {
      this.#trust.refuseChanged(user, acquaintance);
      for (const [key, part] of await this.#admit(user, acquaintance)) keys.set(key, part);
    }
    const lostReading = fault !== null && [...keys.values()].every((part) => part === null);
    if (fault !== null && (keys.size === 0 || lostReading))
      throw withRemedy(fault, `revoke ${user} with ^${user}, or have a usable key added at the store`);
    if (fault !== null) this.#person.warn(`${fault.message}; the other keys of ${user} are used`);
    return { access: grant?.access ?? member.access, keys };
  }

  /** The keys that a user becomes a member with: all of their trusted ones that can be used. */
  async #admit(user: string, acquaintance: Acquaintance): Promise<Member["keys"]> {
    const keys = new Map<Fingerprint, Fingerprint | null>();
    let fault: Problem | null = null;
    for (const [key, trusted] of acquaintance.trusted) {
      const part = trusted.writeOnly ? null : this.#partOf(user, key, trusted, null);
      if (part instanceof Problem) fault = part;
      else keys.set(key, part);
    }
    if (keys.size > 0) {
      if (fault !== null) this.#person.warn(`${fault.message}; the other keys of ${user} are used`);
      return keys;
    }
    if (fault !== null)
      throw withRemedy(fault, `leave out +${user}, or have a usable key added at the store`);
    throw this.#trust.changedKey(
      user,
      acquaintance.changed.map((key) => key.fingerprint),
    );
  }

  /** The part to wrap to: the one named before as long as it can be used, else the newest that can. */
  #partOf(
    user: string,
    key: Fingerprint,
    trusted: TrustedKey,
    before: Fingerprint | null,
  ): Fingerprint | Problem {
    const { publicKey } = trusted;
    try {
      const newest = encryptionSubkey(publicKey, this.#now, `${user}'s key ${readable(key)}`);
      const same = publicKey.encrypting.find((part) => part.fingerprint === before);
      return same !== undefined && whyUnusable(same, this.#now) === null
        ? same.fingerprint
        : newest.fingerprint;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return error;
    }
  }

  #warnOfExpiry({ members, publicKeys }: Plan): void {
    for (const [user, { keys }] of members) {
      if (user === this.#user) continue;
      for (const key of keys.keys()) {
        const publicKey = publicKeys.get(key);
        const expires = publicKey && expiresWithin(publicKey, expiryWarningDays, this.#now);
        const warning = expires && expiryWarning(`${user}'s key ${readable(key)}`, expires, this.#now);
        if (warning) this.#person.warn(warning);
      }
    }
  }
}

function withRemedy(fault: Problem, remedy: string): Problem {
  return new Problem(fault.code, `${fault.message}; ${remedy}`, { cause: fault });
}

/** @throws Problem `bad-request` when nobody would be left, or nobody who can read */
function refuseLoss(
  name: string,
  members: ReadonlyMap<string, Member>,
  before: ReadonlyMap<string, Member> | null,
): void {
  if (members.size === 0) {
    throw new Problem(
      "bad-request",
      `'${name}' would have no member left, and so be lost; give it to somebody with +USER in the same command`,
    );
  }
  if (!hasReader(members) && (before === null || hasReader(before))) {
    throw new Problem(
      "bad-request",
      "nobody could read the machine: all of its members would have write-only keys; give it to a reader with +USER in the same command",
    );
  }
}

function hasReader(members: ReadonlyMap<string, Member>): boolean {
  return [...members.values()].some(reads);
}
