import type { Fingerprint } from "@pstore/core/fingerprint";
import type { SignedText } from "@pstore/core/keys/signature";
import type { Member } from "@pstore/core/manifest";

/** A private key that a keyring holds, at least in part. */
export interface PrivateKey {
  /** The primary fingerprint. */
  readonly fingerprint: Fingerprint;
  /** The (sub)keys that can sign, the one to prefer first. */
  readonly signing: readonly Fingerprint[];
  /** The user ids of the key, as they stand in it. */
  readonly userIds: readonly string[];
  /** Whether a passphrase would have to be asked for before it signs; left out where that is not known. */
  readonly asks?: true;
  /** Why the key as a whole is good for nothing any more. */
  readonly fault?: "expired" | "revoked";
}

/** What holds a user's private keys: GnuPG, OpenPGP key files, SSH key files. */
export interface Keyring {
  /** Where it has looked for private keys so far, and what came of it, as sentences name it: "gpg, ~/.ssh/id_rsa". */
  readonly lookedAt: string;

  /** What would let it use more than it could, by what has come of that: "chmod 600 ~/.ssh/id_rsa, if that is yours". */
  readonly remedy?: string | null;

  /**
   * The private keys that could be a user's.
   * @param among where none of these can be, need not be looked at; left out: it is looked at all that there is
   */
  list(among?: readonly Fingerprint[]): Promise<readonly PrivateKey[]>;

  /**
   * Whether it may hold a key, by all that is known without asking anybody or starting a program: false where it surely
   * does not.
   * @param key the primary fingerprint
   */
  mayHold(key: Fingerprint): Promise<boolean>;

  /**
   * Signs a text: an OpenPGP detached binary signature (RFC 9580, section 5.2.1, type 0x00), or an SSHSIG blob.
   * @param key the primary fingerprint
   * @throws Problem `no-private-key` when the key is not here or was not unlocked
   */
  sign(key: Fingerprint, signed: SignedText): Promise<Uint8Array>;

  /**
   * Says that an unwrap will probably follow, so that what it needs can start meanwhile.
   * @param keys the user's own, as a manifest lists them
   */
  expectUnwrap(keys: Member["keys"]): void;

  /**
   * The session key (32 bytes) of a wrapped key (whose form says for which private key it is), or `null` when the keyring does not hold the private part for it.
   * @throws Problem `no-private-key` when it is here but could not be used
   */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array | null>;

  /**
   * The session keys of several wrapped keys, in their order, as `unwrap` answers each; in one go where that is quicker.
   * @param onEach called behind each
   */
  unwrapAll(wrapped: readonly Uint8Array[], onEach: () => void): Promise<readonly (Uint8Array | null)[]>;
}
