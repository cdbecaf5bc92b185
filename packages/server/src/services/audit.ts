import { asciiLine } from "@pstore/core/visible";
import type { Db } from "../database/open.ts";
import { timeText } from "../database/schema.ts";
import { onceCommitted } from "../database/store-database.ts";
import { insertAudit, type AuditRow as Row } from "../repositories/audit.ts";
import type { AuditAction } from "./audit-actions.ts";
import { writeInBatches } from "./audit-batches.ts";

/** Who does something, for the log. */
export interface Actor {
  readonly userName: string;
  /** The key that signed in; empty for the server's own commands. */
  readonly fingerprint: string;
  readonly address: string;
}

/** Something done, or refused. */
export interface Deed {
  readonly action: AuditAction;
  readonly objectId?: string;
  readonly objectName?: string;
  readonly property?: string;
  /** `ok` (the default) or the code of a problem. */
  readonly outcome?: string;
  readonly detail?: string;
}

const longestDetail = 2000;

/** One row of the log, see schema.ts. */
export type AuditRow = Readonly<Row>;

type Listener = (row: AuditRow) => void;
const listeners = new WeakMap<Db, Listener>();

/** Has each row told that is written from now on, once it is there to stay. */
export function listenToAudit(db: Db, listener: Listener): void {
  listeners.set(db, listener);
}

/** Writes the log: in a transaction, together with what it tells of. Nothing secret may stand in a deed. */
export async function record(db: Db, actor: Actor, deeds: readonly Deed[]): Promise<void> {
  const time = timeText(new Date());
  const rows = deeds.map(
    (deed): AuditRow => ({
      id: Bun.randomUUIDv7(),
      time,
      user_name: actor.userName,
      fingerprint: actor.fingerprint,
      action: deed.action,
      object_id: deed.objectId ?? "",
      object_name: deed.objectName ?? "",
      property: deed.property ?? "",
      address: actor.address,
      outcome: deed.outcome ?? "ok",
      detail: asciiLine(deed.detail ?? "").slice(0, longestDetail),
    }),
  );
  await (db.isTransaction ? insertAudit : writeInBatches)(db, rows);
  onceCommitted(db, (database) => {
    const listener = listeners.get(database);
    if (listener !== undefined) for (const row of rows) listener(row);
  });
}
