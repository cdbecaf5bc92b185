import type { Db } from "../database/open.ts";
import { type AuditRow, insertAudit } from "../repositories/audit.ts";

/** Rows that are to be written at once, and the write. */
interface Batch {
  readonly rows: AuditRow[];
  readonly written: Promise<void>;
}

interface Queue {
  /** What is being written, or was last. */
  last: Promise<unknown>;
  /** What comes next, and takes more as long as the last is under way. */
  next: Batch | null;
}

const queues = new WeakMap<Db, Queue>();

/**
 * Writes rows of the log outside of any transaction, and resolves when they are there to stay. What many requests want
 * written meanwhile goes in one statement, so that the database waits once for its disk, and not for each of them.
 */
export async function writeInBatches(db: Db, rows: readonly AuditRow[]): Promise<void> {
  if (rows.length === 0) return;
  const queue = queues.get(db) ?? { last: Promise.resolve(), next: null };
  queues.set(db, queue);
  queue.next ??= beginBatch(db, queue);
  queue.next.rows.push(...rows);
  await queue.next.written;
}

function beginBatch(db: Db, queue: Queue): Batch {
  const rows: AuditRow[] = [];
  const write = async () => {
    await queue.last.catch(() => {});
    // An embedded database answers before the requests are read that are there already.
    await new Promise((resolve) => setImmediate(resolve));
    queue.next = null;
    await insertAudit(db, rows);
  };
  const written = write();
  queue.last = written;
  return { rows, written };
}
