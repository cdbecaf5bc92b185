import { readable } from "@pstore/core/fingerprint";
import { expiresWithin } from "@pstore/core/keys/usability";
import type { Person } from "../../person.ts";
import { expiryWarning, expiryWarningDays } from "../expiry.ts";
import type { PlannedMembers } from "./planned-members.ts";

/** Warns of the keys of others, among those that are encrypted to, that come to their end soon. */
export function warnOfExpiry(
  { members, publicKeys }: PlannedMembers,
  { user: self, person, now }: { user: string; person: Person; now: Date },
): void {
  for (const [user, { keys }] of members) {
    if (user === self) continue;
    for (const key of keys.keys()) {
      const publicKey = publicKeys.get(key);
      const expires = publicKey && expiresWithin(publicKey, expiryWarningDays, now);
      const warning = expires && expiryWarning(`${user}'s key ${readable(key)}`, expires, now);
      if (warning) person.warn(warning);
    }
  }
}
