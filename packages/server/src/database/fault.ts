/**
 * What went wrong in a database, whichever it is:
 * - `duplicate`: a row would have stood twice;
 * - `conflict`: another transaction was first, nothing of this one is stored, and it may be tried again;
 * - `busy`: a lock was waited for in vain;
 * - `lost`: the connection is gone, or could not be had;
 * - `full`: there is no room;
 * - `broken`: what it lies on could not be read or written;
 * - `read-only`: nothing can be written there, as on a standby;
 * - `forbidden`: the store's user at the database server may not do it.
 */
export type Fault =
  | "duplicate"
  | "conflict"
  | "busy"
  | "lost"
  | "full"
  | "broken"
  | "read-only"
  | "forbidden";
