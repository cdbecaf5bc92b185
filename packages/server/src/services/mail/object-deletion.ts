import { clientCommand } from "@pstore/core/client-command";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { Manifest } from "@pstore/core/manifest";
import { visibleLine } from "@pstore/core/visible";
import type { Db } from "../../database/open.ts";
import type { Actor, Deed } from "../audit.ts";
import type { UserWithKeys } from "../directory.ts";
import { queueMail } from "./queue.ts";
import { bodyOf, doer, indented, machines, moment, paragraph, quoted, whenAndWhere } from "./wording.ts";

/** A mail names at most so many machines with their commands. */
const mostShown = 50;

export interface Deletions {
  /** What the commit did. */
  readonly deeds: readonly Deed[];
  readonly changes: readonly { readonly manifest: Manifest }[];
  /** At least all members. */
  readonly users: ReadonlyMap<string, UserWithKeys>;
  /** Until when the values are kept. */
  readonly keptUntil: Date;
}

/**
 * Tells the members of what a commit deletes, as its manifests list them: one mail each, for however many objects. Who
 * is disabled or was removed is told nothing more.
 */
export async function mailDeletions(db: Db, actor: Actor, deletions: Deletions): Promise<void> {
  const { deeds, changes, users, keptUntil } = deletions;
  const ids = new Set(deeds.filter(({ action }) => action === "delete").map(({ objectId }) => objectId));
  if (ids.size === 0) return;
  const deleted = changes.map(({ manifest }) => manifest).filter(({ object }) => ids.has(object.id));
  const ofMember = new Map<string, number[]>();
  for (const [index, { members }] of deleted.entries()) {
    for (const name of members.keys()) {
      const address = addressOf(users.get(name));
      if (address === null) continue;
      const indexes = ofMember.get(address) ?? [];
      indexes.push(index);
      ofMember.set(address, indexes);
    }
  }
  // Those who lose the same get the same text.
  const groups = Map.groupBy(ofMember, ([, indexes]) => indexes.join(" "));
  for (const group of groups.values()) {
    const indexes = new Set(group[0]?.[1]);
    const manifests = deleted.filter((_, index) => indexes.has(index));
    const recipients = group.map(([address]) => address);
    await queueMail(db, { recipients, toAdmins: false, ...textOf(actor, manifests, new Date(), keptUntil) });
  }
}

function addressOf(found: UserWithKeys | undefined): string | null {
  if (found === undefined || found.user.active === 0 || found.user.removed !== null) return null;
  return found.user.email === "" ? null : found.user.email;
}

function textOf(actor: Actor, manifests: readonly Manifest[], now: Date, keptUntil: Date) {
  const [first] = manifests;
  if (first === undefined) throw new Error("a mail about no machine");
  const isOne = manifests.length === 1;
  const { user, key } = first.author;
  const more = manifests.length - mostShown;
  const commands = manifests
    .slice(0, mostShown)
    .map(({ object, revision }) => clientCommand(object.name, "--restore", String(revision - 1)));
  const what = isOne ? `the machine ${quoted(first.object.name)}` : machines(manifests.length);
  return {
    subject: isOne
      ? `Machine ${visibleLine(first.object.name)} was deleted`
      : `${manifests.length} machines were deleted, ${visibleLine(first.object.name)} among them`,
    body: bodyOf(
      paragraph(
        `${doer(actor)} deleted ${what} ${whenAndWhere(actor, now)}. You are a member of ${isOne ? "it" : "them"}.`,
      ),
      paragraph(
        keptUntil <= now
          ? `This store keeps no values of deleted machines (--keep-history 0): only a backup of the store's database has them. As long as the server has not dropped them, which it does every hour, a member with write access brings ${isOne ? "it" : "each"} back with:`
          : `The store keeps the encrypted values until ${moment(keptUntil)}. Until then a member with write access brings ${isOne ? `it back as it was at revision ${first.revision - 1}` : "each back as it was before"} with:`,
      ),
      indented(commands),
      more > 0
        ? paragraph(`And ${more} more; an admin sees them all with 'pstore-server audit --action delete'.`)
        : "",
      paragraph(`The deletion is signed by this key of ${visibleLine(user)}:`),
      indented([readable(key as Fingerprint)]),
      paragraph(
        `If ${visibleLine(user)} did not do this, that key is in other hands: tell ${visibleLine(user)} and an admin of the store at once.`,
      ),
    ),
  };
}
