import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { Problem, type ProblemCode } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Keyring } from "../../keyring/keyring.ts";
import type { Pins } from "../../state/pins.ts";
import type { StoredObject } from "../reading/reader.ts";
import { nameOf } from "../reading/survey.ts";
import type { Trust } from "../trust/trust.ts";
import type { Change } from "./change.ts";
import type { LeftOut } from "./changer.ts";
import { type Obstacle, Signers } from "./signers.ts";

/** From where the user here can revoke somebody. */
export interface Revocation {
  /** By the key that signs. */
  readonly objects: ReadonlyMap<Fingerprint, readonly StoredObject[]>;
  readonly leftOut: readonly LeftOut[];
}

/** What has come of it. */
export interface Revoked {
  /** The names of the objects. */
  readonly machines: readonly string[];
  readonly leftOut: readonly LeftOut[];
  /** What has put an end to it; then it may be that nothing was changed. */
  readonly failure: Problem | null;
}

export interface RevokerParts {
  readonly api: Api;
  readonly trust: Trust;
  readonly pins: Pins;
  readonly keyring: Keyring;
  readonly user: string;
  /** Makes a change of objects with one commit. */
  change(names: readonly string[], change: Change): Promise<void>;
}

/** What concerns the whole command, and not one object or the key that signs for it. */
const endsAll: readonly ProblemCode[] = [
  ...(["declined", "no-terminal", "local-fault", "unavailable", "internal-error"] as const),
  ...(["not-signed-in", "sign-in-refused"] as const),
];

/** Revokes somebody from many objects: one of which that cannot be done does not keep them in the others. */
export class Revoker {
  readonly #parts: RevokerParts;

  constructor(parts: RevokerParts) {
    this.#parts = parts;
  }

  /** Looks what can be done, and does nothing. */
  async plan(objects: readonly StoredObject[]): Promise<Revocation> {
    if (objects.length === 0) return { objects: new Map(), leftOut: [] };
    const { api, user } = this.#parts;
    const [self] = (await api.users([user])).users;
    if (self?.name !== user) throw unknownSelf(user);
    return grouped(objects, await Signers.of(self, this.#parts), user);
  }

  /** @param others what becomes of members who have no usable key */
  async apply(revocation: Revocation, user: string, others: Pick<Change, "pending">): Promise<Revoked> {
    const change: Change = { ...others, allow: [], revoke: [user] };
    const machines: string[] = [];
    const leftOut: LeftOut[] = [];
    try {
      for (const objects of revocation.objects.values())
        await this.#change(objects.map(nameOf), change, machines, leftOut);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { machines, leftOut, failure: error };
    }
    return { machines, leftOut, failure: null };
  }

  /** Where one commit is refused, or too much, there are two: so that no object is in the way of others. */
  async #change(names: readonly string[], change: Change, done: string[], leftOut: LeftOut[]): Promise<void> {
    try {
      await this.#parts.change(names, change);
      done.push(...names);
      return;
    } catch (error) {
      if (!(error instanceof Problem) || endsAll.includes(error.code)) throw error;
      const isOfKey = error.code === "no-private-key";
      if (names.length === 1 || isOfKey) {
        for (const machine of names) leftOut.push({ machine, why: error.message });
        return;
      }
    }
    const middle = Math.ceil(names.length / 2);
    await this.#change(names.slice(0, middle), change, done, leftOut);
    await this.#change(names.slice(middle), change, done, leftOut);
  }
}

function grouped(all: readonly StoredObject[], signers: Signers, user: string): Revocation {
  const objects = new Map<Fingerprint, StoredObject[]>();
  const leftOut: LeftOut[] = [];
  for (const object of all) {
    const signer = signers.for(object.manifest);
    if (typeof signer !== "string") {
      leftOut.push({ machine: nameOf(object), why: whyNot(signer, user) });
      continue;
    }
    const its = objects.get(signer);
    if (its === undefined) objects.set(signer, [object]);
    else its.push(object);
  }
  return { objects, leftOut };
}

/** Why the user here cannot change the members there, with what they can do. */
function whyNot(obstacle: Obstacle, user: string): string {
  const keys = "keys" in obstacle ? obstacle.keys.map(readable).join(" and ") : "";
  switch (obstacle.is) {
    case "removed":
      return `your key there, ${keys}, was removed from the store, so you cannot sign the change; ask a colleague to run pstore --rewrap=${user} first`;
    case "ended":
      return `your key there, ${keys}, is expired or revoked, so you cannot sign the change; extend its life and have it added at the store anew`;
    case "elsewhere":
      return `your key there, ${keys}, is not here, so you cannot sign the change; use the computer that has it`;
    default:
      return "you may not change who its members are";
  }
}

function unknownSelf(user: string): Problem {
  return new Problem("untrusted-server", `the server does not give the keys of '${user}'; ask who runs it`);
}
