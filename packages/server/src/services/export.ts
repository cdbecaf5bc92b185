import { setImmediate as othersFirst } from "node:timers/promises";
import { shownValueSize } from "@pstore/core/limits";
import type { Db } from "../database/open.ts";
import {
  commonProperties,
  livingObjects,
  type PropertyWithBytes,
  presentUsers,
  propertiesWithBytes,
} from "../repositories/export.ts";
import { membersOf, type NamedMember } from "../repositories/members.ts";
import { type Actor, record } from "./audit.ts";

/** So many objects are held in memory at once, with their small values. */
const objectsAtOnce = 50;

export interface ExportOptions {
  /** A property is a column when at least so many living objects have it. */
  readonly commonIfGte: number;
  /** Encrypted properties too, as their sizes. */
  readonly withEncrypted: boolean;
}

/**
 * The living objects as the rows of a table, the headings first: a column for the name, one a user, one a common
 * property. Each object is as it is at some moment of the export.
 */
export async function* exportTable(
  db: Db,
  actor: Actor,
  options: ExportOptions,
): AsyncGenerator<readonly string[]> {
  const { withEncrypted, commonIfGte } = options;
  await record(db, actor, [{ action: "export", detail: withEncrypted ? "with encrypted" : "" }]);
  const users = await presentUsers(db);
  const kinds = withEncrypted ? (["public", "encrypted"] as const) : (["public"] as const);
  const properties = await commonProperties(db, kinds, commonIfGte);
  yield ["machine", ...users.map((name) => `user:${name}`), ...properties.map((name) => `property:${name}`)];
  for (let after: string | null = null; ; ) {
    const objects = await livingObjects(db, after, objectsAtOnce);
    if (objects.length === 0) return;
    const ids = objects.map((object) => object.id);
    const members = Map.groupBy(await membersOf(db, ids), (member) => member.object_id);
    const found = Map.groupBy(
      await propertiesWithBytes(db, ids, properties, shownValueSize),
      (property) => property.object_id,
    );
    for (const { id, name, withheld } of objects) {
      const access = new Map(members.get(id)?.map((member) => [member.user_name, shownAccess(member)]));
      const values = new Map(found.get(id)?.map((property) => [property.name, property]));
      yield [
        withheld === null ? name : `${name} (withheld)`,
        ...users.map((user) => access.get(user) ?? ""),
        ...properties.map((property) => shown(values.get(property), withEncrypted)),
      ];
    }
    after = objects.at(-1)?.name ?? null;
    await othersFirst();
  }
}

function shownAccess({ access, pending }: NamedMember): string {
  return pending === 1 ? `${access} (pending)` : access;
}

function shown(property: PropertyWithBytes | undefined, withEncrypted: boolean): string {
  if (property === undefined) return "";
  const { kind, size, bytes } = property;
  if (kind === "encrypted") return withEncrypted ? `(${size} byte encrypted)` : "";
  const text = size > shownValueSize ? null : textOf(bytes ?? new Uint8Array());
  return text ?? `(${size} byte document)`;
}

/** Bytes as text; `null` when they are none: not UTF-8, or with control characters other than tabs and line ends. */
function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return /(?![\t\n\r])\p{Cc}/u.test(text) ? null : text;
  } catch {
    return null;
  }
}
