import { clientCommand } from "@pstore/core/client-command";
import { visibleLine } from "@pstore/core/visible";
import type { Db } from "../../database/open.ts";
import type { UserTable } from "../../database/schema.ts";
import type { Actor } from "../audit.ts";
import type { Dependents, SomeObjects } from "../dependents.ts";
import { queueMail } from "./queue.ts";
import { bodyOf, doer, indented, listed, machines, paragraph, whenAndWhere } from "./wording.ts";

/**
 * Tells the admins that a user was removed.
 * @param dependents what hangs on the user, with {@link longestList} names of each kind
 */
export async function mailRemoval(
  db: Db,
  actor: Actor,
  user: UserTable,
  { objects, soleMember }: Dependents,
): Promise<void> {
  const name = visibleLine(user.name);
  const full = user.full_name === "" ? "" : ` (${visibleLine(user.full_name)})`;
  await queueMail(db, {
    // Whoever takes over an admin's rights must not get rid of another one unseen.
    recipients: [user.superuser === 1 && user.active === 1 ? user.email : ""],
    toAdmins: true,
    subject: `User ${name} was removed`,
    body: bodyOf(
      paragraph(
        `${doer(actor)} removed the user ${name}${full} ${whenAndWhere(actor, new Date())}. ${name} can no longer sign in.`,
      ),
      ...(objects.count === 0
        ? [paragraph(`${name} was a member of no machine.`)]
        : [
            paragraph(
              `${name} was a member of ${some(objects)}. The members are signed, so a member with write access takes ${name} out of them; this does it everywhere, and lists the values that ${name} has read and that should be changed:`,
            ),
            indented([clientCommand("--offboard", user.name)]),
          ]),
      soleMember.count === 0
        ? ""
        : paragraph(
            `Nobody else who may sign in can read ${some(soleMember)}. The encrypted values stay in the store's database, and only ${name}'s private keys open them.`,
          ),
      paragraph(
        `If this was a mistake: a user who was removed does not come back, and the name is never given again. Add a user with another name ('pstore-server user add'), have a member with write access let them in ('pstore MACHINE +NAME'), or go back to a backup of the database from before.`,
      ),
    ),
  });
}

function some({ count, first }: SomeObjects): string {
  const names = first.map(({ name }) => name);
  return `${machines(count)}: ${listed(names, count)}`;
}
