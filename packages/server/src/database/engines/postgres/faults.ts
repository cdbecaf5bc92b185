import type { Fault } from "../../fault.ts";

/** SQLSTATEs (PostgreSQL's documentation, appendix A), and what `pg` and the operating system say of a connection. */
export const postgresFaults: Readonly<Record<string, Fault>> = {
  "23505": "duplicate",
  "40001": "conflict",
  "40P01": "conflict",
  "55P03": "busy",
  // Ours, see dialect.ts.
  POOL_TIMEOUT: "busy",
  // A statement that took longer than whoever runs the server lets one take.
  "57014": "busy",
  "53100": "full",
  "58030": "broken",
  "53300": "lost",
  "25006": "read-only",
  "42501": "forbidden",
  "57P01": "lost",
  "57P02": "lost",
  "57P03": "lost",
  "57P05": "lost",
  "25P03": "lost",
  "08000": "lost",
  "08001": "lost",
  "08003": "lost",
  "08004": "lost",
  "08006": "lost",
  ECONNREFUSED: "lost",
  ECONNRESET: "lost",
  EPIPE: "lost",
  ETIMEDOUT: "lost",
  EHOSTUNREACH: "lost",
  ENETUNREACH: "lost",
  ENOTFOUND: "lost",
  EAI_AGAIN: "lost",
};
