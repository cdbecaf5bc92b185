import type { Fault } from "../../fault.ts";

/**
 * The names of MySQL's errors, as `mysql2` gives them, and its own of a connection; MariaDB's own, which it does not know,
 * by their numbers.
 */
export const mysqlFaults: Readonly<Record<string, Fault>> = {
  ER_DUP_ENTRY: "duplicate",
  // On a Galera cluster, also what a transaction comes to at its commit when another node was first.
  ER_LOCK_DEADLOCK: "conflict",
  // MariaDB: the row was changed after the transaction had begun to read.
  ER_CHECKREAD: "conflict",
  ER_LOCK_WAIT_TIMEOUT: "busy",
  ER_QUERY_INTERRUPTED: "busy",
  ER_QUERY_TIMEOUT: "busy",
  // MariaDB: a statement that took longer than whoever runs the server lets one take.
  "1969": "busy",
  ER_DISK_FULL: "full",
  ER_RECORD_FILE_FULL: "full",
  ER_ERROR_ON_READ: "broken",
  ER_ERROR_ON_WRITE: "broken",
  ER_OPTION_PREVENTS_STATEMENT: "read-only",
  ER_READ_ONLY_MODE: "read-only",
  ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: "read-only",
  ER_DBACCESS_DENIED_ERROR: "forbidden",
  ER_TABLEACCESS_DENIED_ERROR: "forbidden",
  ER_COLUMNACCESS_DENIED_ERROR: "forbidden",
  // A Galera node that is not, or no longer, of the majority.
  ER_UNKNOWN_COM_ERROR: "lost",
  // The same in the middle of a transaction; of any other reason too, nobody knows what became of the commit.
  ER_ERROR_DURING_COMMIT: "lost",
  ER_CON_COUNT_ERROR: "lost",
  ER_SERVER_SHUTDOWN: "lost",
  // MariaDB: the connection was killed.
  "1927": "lost",
  PROTOCOL_CONNECTION_LOST: "lost",
};
