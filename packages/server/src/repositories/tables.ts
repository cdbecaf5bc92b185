import type { Tables } from "../database/schema.ts";

export type TableName = keyof Tables;

/** What is to be known of a table by whoever reads all of its rows. */
interface TableFacts<Row> {
  /** The columns of the primary key, in its order: none of them is ever `null`. */
  readonly key: readonly (keyof Row & string)[];
  /** The column that may be some hundred KiB or more, where there is one. */
  readonly large?: keyof Row & string;
  /**
   * Whether the rows tell of what goes on at the moment, and not of what the store holds: in a copy of the store they
   * have no meaning, or would have something done twice.
   */
  readonly passing?: true;
  /** The column that each copy of a store has a value of its own for. */
  readonly own?: keyof Row & string;
}

/** All tables; behind each that its rows refer to. */
export const tables: { readonly [T in TableName]: TableFacts<Tables[T]> } = {
  store: { key: ["id"], own: "challenge_secret" },
  users: { key: ["id"] },
  public_keys: { key: ["fingerprint"] },
  commits: { key: ["digest"], large: "body" },
  objects: { key: ["id"] },
  revisions: { key: ["object_id", "revision"], large: "manifest" },
  members: { key: ["object_id", "user_id"] },
  stored_values: { key: ["id"], large: "piece_digests" },
  properties: { key: ["object_id", "name"] },
  value_pieces: { key: ["value_id", "seq"], large: "bytes" },
  wrapped_keys: { key: ["value_id", "fingerprint"] },
  uploads: { key: ["id"] },
  audit: { key: ["id"] },
  audit_seals: { key: ["number"] },
  days: { key: ["day"] },
  used_challenges: { key: ["challenge"], passing: true },
  sessions: { key: ["token_digest"], passing: true },
  web_sessions: { key: ["token_digest"], passing: true },
  web_links: { key: ["token_digest"], passing: true },
  failed_sign_ins: { key: ["id"], passing: true },
  check_runs: { key: ["id"], passing: true },
  request_counts: { key: ["server"], passing: true },
  mails: { key: ["id"], passing: true },
};

export const tableNames = Object.keys(tables) as readonly TableName[];
