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
  /** argon2id, as a PHC string; for the web admin alone. */
  password_hash: string | null;
  /** The base32 secret of the second factor (RFC 6238); `null`: none. */
  totp_secret: string | null;
  /** The step of the code that was used last, so that none is used twice. */
  totp_last: number | null;
  /** Rises with every change of the user, their keys and who is signed in as them, see `touchUser`. */
  version: number;
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
  /** What it says of its holder, for the search alone; see searched-user-ids.ts. */
  user_ids: string;
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
  /** Since when an admin withholds it: it is served to nobody, and its name stays taken; `null`: it is not. */
  withheld: string | null;
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

export interface WebSessionTable {
  /** SHA-256 of the token. */
  token_digest: string;
  user_id: string;
  /** What proved who the user is: a password, or a signature by the key of `fingerprint`. */
  way: "password" | "key";
  /** Empty with a password. */
  fingerprint: string;
  address: string;
  /** What the browser calls itself. */
  agent: string;
  created: string;
  /** The last request, give or take a minute. */
  seen: string;
  expires: string;
}

/** A link that signs its holder in to the web admin once. */
export interface WebLinkTable {
  /** SHA-256 of the token. */
  token_digest: string;
  user_id: string;
  /** The key whose signature asked for it. */
  fingerprint: string;
  expires: string;
}

/** A sign-in to the web admin that was refused. */
export interface FailedSignInTable {
  id: string;
  /** SHA-256 of the name that was given, whether anybody has it or not. */
  account: string;
  /** The address, or of an IPv6 one its first 64 bits. */
  source: string;
  /** SHA-256 of what a browser shows that has signed in to the account before; empty where it shows nothing. */
  browser: string;
  time: string;
}

/** One day in UTC, counted once it is over. */
export interface DayTable {
  /** `YYYY-MM-DD` */
  day: string;
  operations: number;
  /** Those of the operations that were not done. */
  refusals: number;
  /** How many there were when the day was counted, soon after its end; `null`, with the next two: nobody counted then. */
  objects: number | null;
  users: number | null;
  stored_bytes: number | null;
}

/** A consistency check that a server makes by itself. */
export interface CheckRunTable {
  id: string;
  /** 1 while it goes on, `null` afterwards: unique, so that there is one at a time, whichever server makes it. */
  running: 1 | null;
  started: string;
  /** Until when, by the last word of whoever runs it, it went on: a run that has not said so for long has died. */
  alive: string;
  finished: string | null;
  /** JSON, see check-result.ts; empty as long as it goes on, and where it failed. */
  result: string;
}

/** A mail that is still to be sent; gone once it is. */
export interface MailTable {
  id: string;
  /** E-mail addresses, as a JSON list; one, once the mail is shared out. */
  recipients: string;
  /** Whether the addresses that only the server that sends knows, `--admin-mail`, are to get it too. */
  to_admins: Flag;
  subject: string;
  body: string;
  created: string;
  /** Not before this time, and not by two at once: whoever sends it moves it on first. */
  due: string;
  attempts: number;
  /** Why the last attempt failed, as a sentence; empty before. */
  last_error: string;
}

/** What a server process counted of requests; see services/limits/sharing.ts. */
export interface RequestCountsTable {
  /** A random UUID of the process. */
  server: string;
  /** How often the process has written its row. */
  written: number;
  /** JSON. */
  counts: string;
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
  /** Whether the outcome is another than `ok`: what was refused is looked for by an index. */
  refused: Flag;
  detail: string;
  /** The number of its seal; `null`: none so far. */
  seal: number | null;
}

export interface AuditSealTable {
  number: number;
  /** What is sealed, verbatim, see docs/formats.md: nothing else of a seal is stored. */
  text: string;
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
  audit_seals: AuditSealTable;
  web_sessions: WebSessionTable;
  web_links: WebLinkTable;
  failed_sign_ins: FailedSignInTable;
  days: DayTable;
  check_runs: CheckRunTable;
  mails: MailTable;
  request_counts: RequestCountsTable;
}

/** A time as the tables hold it. */
export function timeText(time: Date): string {
  return time.toISOString();
}

export function flag(value: boolean): Flag {
  return value ? 1 : 0;
}
