import { type Fingerprint, parseFingerprint } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";
import { keysOf } from "../repositories/keys.ts";
import { membershipsOf, membersOf } from "../repositories/members.ts";
import { findUser, listUsers } from "../repositories/users.ts";
import { factsOf, type KeyFacts } from "./key-facts.ts";

/** A user with all that hangs on them. */
export interface Standing {
  readonly user: UserTable;
  readonly keys: readonly {
    fingerprint: Fingerprint;
    writeOnly: boolean;
    removed: boolean;
    /** Why it is good for nothing now. */
    fault: KeyFacts["fault"];
    description: string;
  }[];
  /** Living objects of which the user is a member. */
  readonly machines: readonly {
    name: string;
    access: "read" | "write";
    /** The user waits to be let in, and reads nothing encrypted yet. */
    pending: boolean;
    /** Nobody else who may sign in can read it. */
    onlyMember: boolean;
    /** Nobody else who may sign in can write it. */
    onlyWriter: boolean;
  }[];
  /** Nobody else who may sign in is a superuser. */
  readonly onlyAdmin: boolean;
}

/** @throws Problem `not-found` when there never was such a user */
export async function standingOf(db: Db, name: string): Promise<Standing> {
  const user = await findUser(db, name);
  if (user === undefined) throw new Problem("not-found", `there is no user '${name}'; see 'user list'`);
  const keys = await keysOf(db, user.id);
  const objects = (await membershipsOf(db, user.id)).filter((object) => object.live_name !== null);
  const members = await membersOf(
    db,
    objects.map((object) => object.id),
  );
  const others = (await listUsers(db)).filter((other) => other.active === 1 && other.id !== user.id);
  const names = new Set(others.map((other) => other.name));
  const otherMembers = Map.groupBy(
    // Who waits to be let in can neither read nor write it.
    members.filter((member) => names.has(member.user_name) && member.pending === 0),
    (member) => member.object_id,
  );
  return {
    user,
    keys: await Promise.all(
      keys.map(async (key) => ({
        fingerprint: parseFingerprint(key.fingerprint),
        writeOnly: key.write_only === 1,
        removed: key.removed !== null,
        fault: (await factsOf(key, new Date())).fault,
        description: key.description,
      })),
    ),
    machines: objects.map((object) => {
      const rest = otherMembers.get(object.id) ?? [];
      return {
        name: object.name,
        access: object.access,
        pending: object.pending === 1,
        onlyMember: rest.length === 0,
        onlyWriter: object.access === "write" && rest.every((member) => member.access !== "write"),
      };
    }),
    onlyAdmin: user.active === 1 && user.superuser === 1 && others.every((other) => other.superuser !== 1),
  };
}
