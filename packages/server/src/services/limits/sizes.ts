/** How much a store takes. What is over a limit already, since it was lowered, stays readable and may shrink. */
export interface SizeLimits {
  /** The largest request but for uploads, in bytes. */
  readonly maxRequestSize: number;
  /** The largest value, in bytes: a public value, or a body. */
  readonly maxUploadSize: number;
  /** The properties of an object. */
  readonly maxProperties: number;
  /** The members of an object. */
  readonly maxMembers: number;
  /** The uploads of a user that no commit has taken yet. */
  readonly maxOpenUploads: number;
}

/** What the server does where nobody says otherwise. */
export const defaultSizeLimits: SizeLimits = {
  /** 64 MiB. */
  maxRequestSize: 67_108_864,
  /** 16 GiB. (Written out: shifts are of 32 bits in this language.) */
  maxUploadSize: 17_179_869_184,
  maxProperties: 1000,
  maxMembers: 1000,
  /** As many as one commit can take, of an object with nothing but large values. */
  maxOpenUploads: 1000,
};

/**
 * The largest manifest, in bytes: 3 MiB. It is written in one statement, and by default the oldest MySQL that is in use
 * takes none of over 4 MiB. A thousand members and a thousand properties of usual names are half a megabyte.
 */
export const maxStoredManifest = 3 * 1024 * 1024;
