import type { Fingerprint } from "../fingerprint.ts";

/** A primary key or a subkey that may encrypt or sign; an SSH key is one such part. */
export interface KeyPart {
  fingerprint: Fingerprint;
  /** as GnuPG names it: rsa2048, cv25519, ed25519, nistp256, brainpoolP256r1 … */
  algorithm: string;
  created: Date;
  /** when this part or its primary key expires, whichever is first; null: never */
  expires: Date | null;
  /** whether this part or its primary key was ever revoked, for whatever reason */
  revoked: boolean;
  /** why it can never be used, as the end of a sentence ("it has only 1024 bits"); null where nothing speaks against it */
  unsuitable: string | null;
}

/** What is known of a public key, whatever its type. */
export interface KeyParts<Part extends KeyPart = KeyPart> {
  /** the binary key, as it is pinned and compared */
  bytes: Uint8Array<ArrayBuffer>;
  /** of the primary key */
  fingerprint: Fingerprint;
  algorithm: string;
  /** What the key says of its holder, and they did not revoke. Written by strangers: show them escaped, believe nothing. */
  userIds: string[];
  created: Date;
  /** null: never */
  expires: Date | null;
  revoked: boolean;
  /** the primary key, which may or may not sign (then it also stands in `signing`) */
  primary: Part;
  /** parts that may encrypt, in the order of the key, subkeys before the primary key; usable or not */
  encrypting: Part[];
  /** parts that may sign, each with proof that it agreed to belong to this primary key; usable or not */
  signing: Part[];
}
