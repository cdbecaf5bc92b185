import type { User } from "@pstore/core/api/schemas";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Trust } from "../trust.ts";
import { NoUsableKey, type PresentKeys } from "./present-keys.ts";

/** What would come of letting a user in now who waits. */
export type Prospect =
  /** They would get these keys. */
  | { readonly user: string; readonly is: "ready"; readonly keys: Member["keys"] }
  /** They have no usable key yet, are gone from the store, or have a key that nothing speaks for; a sentence says why. */
  | { readonly user: string; readonly is: "without-key" | "gone" | "refused"; readonly why: string };

/** A user who is never seen becomes known by this, as by any look at their keys; a question must follow. */
export async function prospectOf(
  served: User,
  { keys, trust }: { keys: PresentKeys; trust: Trust },
): Promise<Prospect> {
  const user = served.name;
  try {
    const acquaintance = await keys.meet(served);
    trust.refuseChanged(user, acquaintance);
    return { user, is: "ready", keys: keys.all(user, acquaintance) };
  } catch (error) {
    if (error instanceof NoUsableKey)
      return { user, is: error.mayWait ? "without-key" : "gone", why: error.message };
    if (
      !(error instanceof Problem) ||
      !["untrusted-key", "untrusted-server", "unusable-key"].includes(error.code)
    )
      throw error;
    return { user, is: "refused", why: error.message };
  }
}
