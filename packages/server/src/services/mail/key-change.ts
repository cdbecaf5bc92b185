import { clientCommand } from "@pstore/core/client-command";
import { type Fingerprint, isSsh, parseFingerprint, readable } from "@pstore/core/fingerprint";
import { shellWord } from "@pstore/core/shell";
import { visibleLine } from "@pstore/core/visible";
import type { Db } from "../../database/open.ts";
import type { PublicKeyTable } from "../../database/schema.ts";
import { findKey } from "../../repositories/keys.ts";
import { findUserById } from "../../repositories/users.ts";
import type { Actor } from "../audit.ts";
import { type KeyDifferences, keyDifferences } from "./key-differences.ts";
import { queueMail } from "./queue.ts";
import { bodyOf, doer, indented, paragraph, whenAndWhere } from "./wording.ts";

/**
 * Tells of a key that was registered, or of which a newer copy was.
 * @param old what was stored before; nothing is told where that was the same
 */
export async function mailNewKey(
  db: Db,
  actor: Actor,
  old: PublicKeyTable | undefined,
  fingerprint: Fingerprint,
): Promise<void> {
  const key = await findKey(db, fingerprint);
  if (key === undefined) throw new Error(`the key ${fingerprint} is not registered`);
  if (old === undefined || old.removed !== null) await mailKeyChange(db, actor, "added", key);
  else if (old.block !== key.block) {
    const differences = await keyDifferences(old, key, new Date());
    await mailKeyChange(db, actor, "updated", key, differences);
  }
}

/**
 * Tells a user and the admins of a change of the user's public keys: what a stranger's key among them begins with.
 * @param differences where it was updated, in what
 */
export async function mailKeyChange(
  db: Db,
  actor: Actor,
  change: "added" | "updated" | "removed",
  key: PublicKeyTable,
  differences: KeyDifferences = { changes: [], revoked: false, otherPart: false },
): Promise<void> {
  const user = await findUserById(db, key.user_id);
  if (user === undefined) throw new Error(`the key ${key.fingerprint} is nobody's`);
  const name = visibleLine(user.name);
  const fingerprint = parseFingerprint(key.fingerprint);
  const type = isSsh(fingerprint) ? "SSH key" : "OpenPGP key";
  const shown = `${type}${key.write_only === 1 ? ", write-only" : ""}: ${readable(fingerprint)}`;
  const removal = indented([`pstore-server key remove ${shellWord(key.fingerprint)}`]);
  await queueMail(db, {
    // Whoever was removed is no longer concerned.
    recipients: user.removed === null ? [user.email] : [],
    toAdmins: true,
    subject: change === "added" ? `${name} has a new public key` : `A public key of ${name} was ${change}`,
    body: bodyOf(
      paragraph(`${doer(actor)} ${change} a public key of ${name} ${whenAndWhere(actor, new Date())}:`),
      indented([shown]),
      ...(change === "updated" ? [paragraph(whatIsNew())] : []),
      ...(change === "removed" ? afterRemoval() : differences.revoked ? afterRevocation() : afterArrival()),
    ),
  });

  function afterArrival(): string[] {
    return [
      ...(change === "updated"
        ? afterUpdate()
        : [
            paragraph(
              `Compare the fingerprint with ${name}, in person or by telephone. A client that knows another key of ${name} refuses this one until its user trusts it; one that knows none takes the first that it sees (with --trust-mode=strict it refuses that, too):`,
            ),
            indented([clientCommand("--trust", user?.name ?? "")]),
          ]),
      paragraph(
        `If this is not ${name}'s key, or ${name} knows nothing of it, somebody may be trying to read or write in ${name}'s name: trust it nowhere, tell an admin of the store at once, and have the key removed:`,
      ),
      removal,
    ];
  }

  function whatIsNew(): string {
    const { changes } = differences;
    const known = "It is the key that was registered, with something new in it";
    return changes.length === 0
      ? `${known}, as a user id or a signature.`
      : `${known}: ${changes.join("; ")}.`;
  }

  function afterUpdate(): string[] {
    if (!differences.otherPart) return [];
    return [
      paragraph(
        `What was encrypted to ${name} stays encrypted to an earlier part of the key, until ${name} or a colleague who may write runs:`,
      ),
      indented([clientCommand(`--rewrap=${user?.name ?? ""}`)]),
    ];
  }

  function afterRevocation(): string[] {
    return [
      paragraph(
        `It is good for nothing any more, and ${name} needs another key: have an admin add it, in the web admin or with:`,
      ),
      indented([`pstore-server key add ${shellWord(user?.name ?? "")} FILE`]),
      paragraph(`Then a colleague who may write gives that key the access that ${name} had:`),
      indented([clientCommand(`--rewrap=${user?.name ?? ""}`)]),
      paragraph(
        `If the key was stolen, change what it could read. If ${name} knows nothing of the revocation, tell an admin of the store at once.`,
      ),
    ];
  }

  function afterRemoval(): string[] {
    return [
      paragraph(
        `${name} no longer signs in with it, and nothing more is encrypted to it. What was encrypted to it stays so until it is encrypted anew to ${name}'s other keys, by ${name} or by a colleague who may write:`,
      ),
      indented([clientCommand(`--rewrap=${user?.name ?? ""}`)]),
      paragraph(
        `If this was a mistake, an admin adds the same key again, and everything is as before. If ${name} knows nothing of it, tell an admin of the store at once.`,
      ),
      indented([`pstore-server key add ${shellWord(user?.name ?? "")} FILE`]),
    ];
  }
}
