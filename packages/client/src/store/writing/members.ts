import type { User } from "@pstore/core/api/schemas";
import { isPending, sameKeys } from "@pstore/core/checks";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { UserKey } from "@pstore/core/keys/user-key";
import type { Grant, Manifest, Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Person } from "../../person.ts";
import type { Acquaintance, Trust } from "../trust/trust.ts";
import type { Change } from "./change.ts";
import { warnOfExpiry } from "./expiring.ts";
import type { Lack } from "./lack.ts";
import { refuseLoss } from "./loss.ts";
import { refuseStrangers } from "./mere-revocation.ts";
import type { PlannedMembers } from "./planned-members.ts";
import { NoUsableKey, type PresentKeys, refuseInactive } from "./present-keys.ts";
import { recipientsOf } from "./recipients-of.ts";
import { type InTheWay, type Setting, stopped } from "./ways-out.ts";

type MemberChange = Pick<Change, "allow" | "revoke" | "pending" | "rewrap" | "letIn" | "isNarrowed">;

/** The members under way. */
interface Plan extends PlannedMembers {
  readonly members: Map<string, Member>;
  readonly publicKeys: Map<Fingerprint, UserKey>;
  readonly lacks: Map<string, Lack>;
  readonly inTheWay: InTheWay[];
}

/** A member before a change, and what the server gives of their user. */
interface Before {
  readonly user: string;
  readonly member: Member;
  readonly served: User;
}

/**
 * Plans the members of the next revision: those of the signed manifest before it and those that the command names,
 * each with trusted keys that are usable now. The server's word adds nobody.
 */
export class MemberPlanner {
  readonly #trust: Trust;
  readonly #person: Person;
  readonly #user: string;
  readonly #keys: PresentKeys;

  constructor(parts: { keys: PresentKeys; trust: Trust; person: Person; user: string }) {
    this.#keys = parts.keys;
    this.#trust = parts.trust;
    this.#person = parts.person;
    this.#user = parts.user;
  }

  /**
   * @param base the members before; `null` for a new object, whose first member is the user here
   * @param served what the server gives of all these users
   * @throws Problem with a sentence that names the user in the way, and the ways out
   */
  async plan(base: Manifest | null, change: MemberChange, served: readonly User[]): Promise<PlannedMembers> {
    const name = base?.object.name ?? "";
    const before = base?.members ?? new Map<string, Member>();
    refuseStrangers(name, before, change.revoke);
    const plan: Plan = { members: new Map(), publicKeys: new Map(), lacks: new Map(), inTheWay: [] };
    await this.#addKept(plan, name, before, change, served);
    await this.#addNewcomers(plan, base === null, change, served);
    const { members, inTheWay } = plan;
    if (inTheWay[0] !== undefined) throw stopped(inTheWay, inTheWay[0], settingOf(change));
    refuseLoss(name, members, base === null ? null : before);
    warnOfExpiry(plan, { user: this.#user, person: this.#person, now: this.#keys.now });
    return plan;
  }

  /**
   * Asks about those members of the plans that only the server's word speaks for. Of who waits for a key, no key is
   * vouched for.
   * @param plans by the names of the objects
   * @param change names who is meant
   */
  async confirm(
    plans: ReadonlyMap<string, PlannedMembers>,
    { allow, rewrap = [], letIn = new Map() }: MemberChange,
  ): Promise<void> {
    const all = recipientsOf(plans);
    const meant = [this.#user, ...allow.map(({ user }) => user), ...rewrap, ...letIn.keys()];
    await this.#trust.confirmRecipients(
      [...all.values()],
      meant.filter((user) => all.has(user)),
      plans.size,
    );
  }

  /** Those who were members before. */
  async #addKept(
    plan: Plan,
    name: string,
    before: ReadonlyMap<string, Member>,
    change: MemberChange,
    served: readonly User[],
  ): Promise<void> {
    for (const [user, member] of before) {
      if (change.revoke.includes(user)) continue;
      const about = { user, member, served: knownTo(served, user, `revoke them with ^${user}`) };
      const grant = change.allow.find((one) => one.user === user);
      const access = grant?.access ?? member.access;
      const keys = await this.#orInTheWay(plan, user, false, () => this.#keep(plan, about, change));
      if (keys === null) continue;
      if (member.access === "read" && access === "write")
        this.#person.notice(`${user} may now change '${name}', and not only read it`);
      const kept = { access, keys };
      if (
        grant !== undefined &&
        access === member.access &&
        sameKeys(kept, member) &&
        change.isNarrowed !== true
      )
        this.#person.warn(
          `${user} already has access to '${name}'${isPending(kept) ? ", and waits for a usable key" : ""}`,
        );
      plan.members.set(user, kept);
    }
  }

  async #addNewcomers(
    plan: Plan,
    isCreated: boolean,
    change: MemberChange,
    served: readonly User[],
  ): Promise<void> {
    const self: Grant = { user: this.#user, access: "write" };
    for (const { user, access } of isCreated ? [self, ...change.allow] : change.allow) {
      if (plan.members.has(user) || plan.inTheWay.some((one) => one.user === user)) continue;
      const known = knownTo(served, user, `leave out +${user}`);
      const keys = await this.#orInTheWay(plan, user, true, async () => {
        try {
          const acquaintance = await this.#keys.meet(known);
          if (user !== this.#user) this.#trust.refuseChanged(user, acquaintance);
          return this.#taken(plan, user, this.#keys.all(user, acquaintance), acquaintance);
        } catch (error) {
          return this.#withoutKey(plan, user, change, error);
        }
      });
      if (keys !== null) plan.members.set(user, { access, keys });
    }
  }

  /** The keys of a user, or `null` with a note of what is in the way. */
  async #orInTheWay(
    { inTheWay }: Plan,
    user: string,
    isNew: boolean,
    keys: () => Promise<Member["keys"]>,
  ): Promise<Member["keys"] | null> {
    try {
      return await keys();
    } catch (error) {
      if (!(error instanceof NoUsableKey)) throw error;
      if (user === this.#user) {
        const way = error.hasOther
          ? `run pstore --rewrap where your old key is, or have a colleague run pstore --rewrap=${user}`
          : "have a usable key of yours added at the store";
        throw new Problem(error.code, `${error.message}; ${way}`);
      }
      inTheWay.push({ user, fault: error, isNew });
      return null;
    }
  }

  /** What is listed of a member from now on. @throws NoUsableKey, … */
  async #keep(plan: Plan, { user, member, served }: Before, change: MemberChange): Promise<Member["keys"]> {
    const { allow, letIn, rewrap } = change;
    const isNamed = [...allow.map((one) => one.user), ...(rewrap ?? [])].includes(user);
    const isWaiting = isPending(member);
    const shown = isWaiting && !isNamed ? letIn?.get(user) : undefined;
    if (shown !== undefined) return this.#letIn(plan, served, shown);
    try {
      if (isWaiting && !isNamed) {
        refuseInactive(served);
        if (letIn === undefined && (await this.#keys.isAnyUsable(served)))
          this.#person.notice(`${user} waits to be let in, and has a usable key by now: pstore --pending`);
        return member.keys;
      }
      const acquaintance = await this.#keys.meet(served);
      if (isNamed || isWaiting) this.#trust.refuseChanged(user, acquaintance);
      const all = isNamed || isWaiting ? this.#keys.all(user, acquaintance) : new Map();
      const isReplaced = isWaiting || rewrap?.includes(user) === true;
      const keys = isReplaced ? all : this.#keys.kept(user, member.keys, acquaintance, all);
      return this.#taken(plan, user, keys, acquaintance);
    } catch (error) {
      const keys = this.#withoutKey(plan, user, isWaiting ? { pending: true } : change, error);
      // The store need not tell that there was one.
      if (!isWaiting && plan.lacks.get(user)?.is === "no-key") plan.lacks.set(user, { is: "removed" });
      return keys;
    }
  }

  /** What was shown of a member who waits, as long as the server gives just that. */
  async #letIn(plan: Plan, served: User, shown: Member["keys"]): Promise<Member["keys"]> {
    const user = served.name;
    const acquaintance = await this.#keys.foresee(served);
    this.#trust.refuseChanged(user, acquaintance);
    const keys = this.#keys.all(user, acquaintance);
    if (sameKeys({ access: "read", keys }, { access: "read", keys: shown }))
      return this.#taken(plan, user, keys, acquaintance);
    const now = [...keys.keys()].map(readable).join(" and ");
    throw new Problem(
      "untrusted-key",
      `the server gives other keys of ${user} than those that were shown, now ${now}; look anew with pstore --pending`,
    );
  }

  #taken(
    { publicKeys }: Plan,
    user: string,
    keys: Member["keys"],
    { trusted }: Acquaintance,
  ): Member["keys"] {
    for (const [key, part] of keys) {
      const publicKey = trusted.get(key)?.publicKey;
      if (part === null || publicKey === undefined) continue;
      publicKeys.set(key, publicKey);
      this.#person.detail(`encrypting to ${user}'s key ${readable(key)}`);
    }
    return keys;
  }

  /** What is listed of a member to whom nothing can be encrypted, where that is wanted. @throws what was in the way */
  #withoutKey(
    { lacks }: Plan,
    user: string,
    { pending }: Pick<MemberChange, "pending">,
    error: unknown,
  ): Member["keys"] {
    const mayWait = error instanceof NoUsableKey && error.mayWait && user !== this.#user;
    if (!mayWait || pending !== true) throw error;
    this.#person.detail(error.message);
    lacks.set(user, error.lack);
    return error.writeOnly;
  }
}

function settingOf({ letIn, rewrap }: MemberChange): Setting {
  if (letIn !== undefined) return "let-in";
  return rewrap === undefined ? "change" : "rewrap";
}

/** @throws Problem `not-found` */
function knownTo(served: readonly User[], user: string, remedy: string): User {
  const known = served.find((one) => one.name === user);
  if (known !== undefined) return known;
  throw new Problem("not-found", `the store knows no user '${user}'; ${remedy}`);
}
