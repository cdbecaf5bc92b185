import type { PublicKey, User } from "@pstore/core/api/schemas";
import type { Fingerprint } from "@pstore/core/fingerprint";
import type { UserKey } from "@pstore/core/keys/user-key";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Pins } from "../../state/pins.ts";
import type { Trust } from "../trust/trust.ts";
import { NoUsableKey, type PresentKeys } from "./present-keys.ts";

/** Who can be let in. */
export interface Ready {
  readonly user: string;
  readonly is: "ready";
  /** What would be listed of them. */
  readonly keys: Member["keys"];
  /** The user as the server gave them: nothing else may be pinned or encrypted to. */
  readonly served: User;
}

/** A key that nothing can be encrypted to now. */
export interface UselessKey {
  readonly fingerprint: Fingerprint;
  readonly publicKey: UserKey | null;
  readonly writeOnly: boolean;
  /** Whether it is known here alone, and not at the store any more. */
  readonly isRemoved: boolean;
}

/** What would come of letting a user in now who waits; where nothing would, a sentence says why. */
export type Prospect =
  | Ready
  /** They have no usable key now, but maybe had some. */
  | {
      readonly user: string;
      readonly is: "without-key";
      readonly why: string;
      readonly keys: readonly UselessKey[];
    }
  /** They are gone from the store, or unknown there, or have a key that nothing speaks for. */
  | { readonly user: string; readonly is: "gone" | "unknown" | "refused"; readonly why: string };

interface ProspectParts {
  readonly keys: PresentKeys;
  readonly trust: Trust;
  readonly pins: Pins;
}

/** Looks at the keys of a user who waits. A question must follow before any is pinned, and so nothing is. */
export async function prospectOf(served: User, parts: ProspectParts): Promise<Prospect> {
  const { keys, trust } = parts;
  const user = served.name;
  try {
    const acquaintance = await keys.foresee(served);
    trust.refuseChanged(user, acquaintance);
    return { user, is: "ready", keys: keys.all(user, acquaintance), served };
  } catch (error) {
    if (error instanceof NoUsableKey && error.mayWait)
      return { user, is: "without-key", why: error.message, keys: await uselessKeys(served, parts) };
    if (error instanceof NoUsableKey) return { user, is: "gone", why: error.message };
    if (
      !(error instanceof Problem) ||
      !["untrusted-key", "untrusted-server", "unusable-key"].includes(error.code)
    )
      throw error;
    return { user, is: "refused", why: error.message };
  }
}

/** Those that the store has, none of which can be used; where it has none, those that it once had. */
async function uselessKeys(
  { name, active, keys }: User,
  { trust, pins }: ProspectParts,
): Promise<readonly UselessKey[]> {
  const present = keys.filter((key: PublicKey) => !key.removed);
  const seen = await trust.look({ name, active, keys: present });
  const useless = seen.map(({ key: { fingerprint, writeOnly }, publicKey }) => ({
    ...{ fingerprint, publicKey, writeOnly },
    isRemoved: false,
  }));
  if (useless.length > 0) return useless;
  return pins
    .ofUser(name)
    .map(({ fingerprint, writeOnly }) => ({ fingerprint, publicKey: null, writeOnly, isRemoved: true }));
}
