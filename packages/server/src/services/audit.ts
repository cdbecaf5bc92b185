import { asciiLine } from "@pstore/core/visible";
import type { Db } from "../database/open.ts";
import { timeText } from "../database/schema.ts";
import { insertAudit } from "../repositories/audit.ts";

/** Who does something, for the log. */
export interface Actor {
  readonly userName: string;
  /** The key that signed in; empty for the server's own commands. */
  readonly fingerprint: string;
  readonly address: string;
}

/** Something done, or refused. */
export interface Deed {
  readonly action: string;
  readonly objectId?: string;
  readonly objectName?: string;
  readonly property?: string;
  /** `ok` (the default) or the code of a problem. */
  readonly outcome?: string;
  readonly detail?: string;
}

const longestDetail = 2000;

/** Writes the log: in a transaction, together with what it tells of. Nothing secret may stand in a deed. */
export async function record(db: Db, actor: Actor, deeds: readonly Deed[]): Promise<void> {
  const time = timeText(new Date());
  await insertAudit(
    db,
    deeds.map((deed) => ({
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
    })),
  );
}
