import type { Fingerprint } from "@pstore/core/fingerprint";
import type { Asker } from "./files/passphrases.ts";

/** What decides where private keys are looked for. */
export interface Choice {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The key files that were named; with any, nothing else is looked at. */
  readonly identities: readonly string[];
  /** The descriptor that gives the passphrase of key files. */
  readonly passphraseFd: number | null;
  /** Who is asked for the passphrase of a key file; null: nobody, gpg's pinentry neither. */
  readonly asker: Asker | null;
  /** The user's own keys, as they are pinned: none at the first contact with a store. */
  own(): readonly Fingerprint[];
}
