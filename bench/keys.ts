// The keys that commands are timed with, each of a user of its own.
import type { Algorithm } from "@pstore/e2e/support/gnupg";
import type { MemberOptions } from "@pstore/e2e/support/team";

export interface Key {
  readonly user: string;
  readonly title: string;
  readonly algorithm: Algorithm;
  readonly passphrase?: string;
}

/** The users whom the keys belong to, with an agent as people have it; those with a passphrase count what it does. */
export function membersWith(keys: readonly Key[]): MemberOptions[] {
  return keys.map(({ user, algorithm, passphrase }) => ({
    name: user,
    calibratedPassphrases: true,
    countOperations: passphrase !== undefined,
    makeKeys: [{ algorithm, ...(passphrase !== undefined && { passphrase }) }],
  }));
}
