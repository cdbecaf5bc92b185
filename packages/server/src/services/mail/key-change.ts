import { clientCommand } from "@pstore/core/client-command";
import { type Fingerprint, isSsh, parseFingerprint, readable } from "@pstore/core/fingerprint";
import { shellWord } from "@pstore/core/shell";
import { visibleLine } from "@pstore/core/visible";
import type { Db } from "../../database/open.ts";
import type { PublicKeyTable } from "../../database/schema.ts";
import { findKey } from "../../repositories/keys.ts";
import { findUserById } from "../../repositories/users.ts";
import type { Actor } from "../audit.ts";
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
  else if (old.block !== key.block) await mailKeyChange(db, actor, "updated", key);
}

/** Tells a user and the admins of a change of the user's public keys: what a stranger's key among them begins with. */
export async function mailKeyChange(
  db: Db,
  actor: Actor,
  change: "added" | "updated" | "removed",
  key: PublicKeyTable,
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
      ...(change === "removed" ? afterRemoval() : afterArrival()),
    ),
  });

  function afterArrival(): string[] {
    return [
      ...(change === "updated"
        ? [
            paragraph(
              "It is the key that was registered, with something new in it: another time of expiry, a subkey, a user id or a revocation.",
            ),
          ]
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
