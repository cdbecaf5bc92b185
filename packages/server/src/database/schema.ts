/**
 * The tables. Every id is a random UUID as text, every time RFC 3339 text in UTC with milliseconds (so that text order
 * is time order), every truth value 0 or 1, every digest lower-case hex: nothing that one engine has and another lacks.
 *
 * `revisions`, `commits`, `public_keys`, `stored_values` and `wrapped_keys` are the truth. `objects`, `members` and
 * `properties` are an index of the newest manifests, written in the same transaction.
 */
export type Flag = 0 | 1;

export interface StoreTable {
  id: string;
  /** The key (32 bytes) of the HMAC by which challenges authenticate themselves. */
  challenge_secret: Uint8Array;
  created: string;
}

export interface UserTable {
  id: string;
  /** Unique for ever: a removed user's row stays, so that the name is never given again. */
  name: string;
  active: Flag;
  removed: string | null;
  email: string;
  full_name: string;
  staff: Flag;
  superuser: Flag;
  view_any: Flag;
  password_hash: string | null;
  created: string;
}

export interface PublicKeyTable {
  /** With its type, see core's fingerprint.ts. A key belongs to one user, for ever. */
  fingerprint: string;
  user_id: string;
  /** An armored block, or a line as in `id_ed25519.pub`; see core's `writeUserKey`. */
  block: string;
  write_only: Flag;
  description: string;
  /** When the primary key expires, as its certificate says; `null`: never. */
  expires: string | null;
  added: string;
  removed: string | null;
}

export interface CommitTable {
  /** SHA-256 over the text and the signature. */
  digest: string;
  body: string;
  /** Base64, verbatim. */
  signature: string;
  author: string;
  author_key: string;
  received: string;
}

export interface RevisionTable {
  object_id: string;
  revision: number;
  manifest: string;
  digest: string;
  commit_digest: string;
  /** The place of the manifest in its commit, from 0. */
  position: number;
  /** The inclusion path: hex digests, joined by spaces. */
  path: string;
}

export interface ObjectTable {
  id: string;
  name: string;
  /** The name while the object lives, `null` once it is deleted: unique. */
  live_name: string | null;
  /** The newest revision. */
  revision: number;
}

export interface MemberTable {
  object_id: string;
  user_id: string;
  access: "read" | "write";
  /** No key is listed for them, see core's `isPending`. */
  pending: Flag;
}

export interface PropertyTable {
  object_id: string;
  name: string;
  kind: "public" | "encrypted";
  size: number;
  /** The object's revision that sealed the value. */
  revision: number;
  digest: string;
  value_id: string;
}

export interface StoredValueTable {
  id: string;
  size: number;
  digest: string;
  /** 32 bytes a piece. */
  piece_digests: Uint8Array;
  /** Where the value stands: all three, or (an upload that no commit has taken yet) none. */
  object_id: string | null;
  property: string | null;
  revision: number | null;
  created: string;
  /** Since when it is not the current value of a living object's property, by this server's clock; `null`: it is, or it stands nowhere yet. */
  replaced: string | null;
}

export interface ValuePieceTable {
  value_id: string;
  /** From 0. */
  seq: number;
  /** 1 MiB; the last one 1 byte to 1 MiB. */
  bytes: Uint8Array;
}

export interface WrappedKeyTable {
  value_id: string;
  /** The primary fingerprint. */
  fingerprint: string;
  /** The fingerprint of the (sub)key that the bytes are for. */
  subkey: string;
  bytes: Uint8Array;
}

export interface UploadTable {
  /** Chosen by the client. */
  id: string;
  user_id: string;
  value_id: string;
  finished: Flag;
  created: string;
}

export interface UsedChallengeTable {
  challenge: string;
  expires: string;
}

export interface SessionTable {
  /** SHA-256 of the token. */
  token_digest: string;
  user_id: string;
  fingerprint: string;
  created: string;
  expires: string;
}

export interface AuditTable {
  /** UUID version 7: in the order in which they were written. */
  id: string;
  time: string;
  user_name: string;
  fingerprint: string;
  action: string;
  object_id: string;
  object_name: string;
  property: string;
  /** Of the client's end of the connection; `cli` for the server's own commands. */
  address: string;
  /** `ok` or the code of the problem. */
  outcome: string;
  detail: string;
}

export interface Tables {
  store: StoreTable;
  users: UserTable;
  public_keys: PublicKeyTable;
  commits: CommitTable;
  revisions: RevisionTable;
  objects: ObjectTable;
  members: MemberTable;
  properties: PropertyTable;
  stored_values: StoredValueTable;
  value_pieces: ValuePieceTable;
  wrapped_keys: WrappedKeyTable;
  uploads: UploadTable;
  used_challenges: UsedChallengeTable;
  sessions: SessionTable;
  audit: AuditTable;
}

/** A time as the tables hold it. */
export function timeText(time: Date): string {
  return time.toISOString();
}

export function flag(value: boolean): Flag {
  return value ? 1 : 0;
}
