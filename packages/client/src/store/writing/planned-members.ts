import type { Fingerprint } from "@pstore/core/fingerprint";
import type { UserKey } from "@pstore/core/keys/user-key";
import type { Member } from "@pstore/core/manifest";
import type { Lack } from "./lack.ts";

/** Who may read and write after a change, with the public keys to wrap to. */
export interface PlannedMembers {
  readonly members: ReadonlyMap<string, Member>;
  /** By primary fingerprint, for every reading key of every member. */
  readonly publicKeys: ReadonlyMap<Fingerprint, UserKey>;
  /** Why those have no usable key who wait for one from now on. */
  readonly lacks: ReadonlyMap<string, Lack>;
}
