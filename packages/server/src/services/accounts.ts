import { randomBytes, randomUUID } from "node:crypto";
import { userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { unlessDuplicate } from "../database/faults.ts";
import type { Db } from "../database/open.ts";
import { flag, type StoreTable, timeText, type UserTable } from "../database/schema.ts";
import { deleteSessionsOfUser } from "../repositories/sessions.ts";
import { insertStore, readStore } from "../repositories/store.ts";
import {
  countActiveAdmins,
  findUser,
  insertUser,
  listUsers,
  lockSuperusers,
  updateUser,
} from "../repositories/users.ts";
import { deleteWebSessionsOfUser } from "../repositories/web-sessions.ts";
import { type Actor, record } from "./audit.ts";
import { dependentsOf } from "./dependents.ts";
import { mailRemoval } from "./mail/user-removal.ts";
import { longestList } from "./mail/wording.ts";
import { hashPassword } from "./passwords.ts";

export interface NewUser {
  readonly name: string;
  readonly email: string;
  readonly fullName: string;
  /** May sign in to the web admin. */
  readonly staff: boolean;
  readonly superuser: boolean;
  /** May look at the names, users and property names of every object. */
  readonly viewAny: boolean;
  /** For the web admin alone; `null`: none. */
  readonly password: string | null;
}

/** Makes the one row that makes an empty database a store. */
export async function createStore(db: Db): Promise<StoreTable> {
  const store = { id: randomUUID(), challenge_secret: randomBytes(32), created: timeText(new Date()) };
  await insertStore(db, store);
  return store;
}

/** The row of {@link createStore}. */
export async function theStore(db: Db): Promise<StoreTable> {
  return await readStore(db);
}

/** Every user, removed ones too, by name. */
export async function allUsers(db: Db): Promise<UserTable[]> {
  return await listUsers(db);
}

/** @throws Problem `bad-name`, `bad-request`, `conflict` when the name is or was in use */
export async function addUser(db: Db, actor: Actor, user: NewUser): Promise<void> {
  const name = userName(user.name);
  if (name === "." || name === "..")
    throw new Problem(
      "bad-name",
      `'${name}' is no name for a user: no page has such an address; choose another`,
    );
  checkEmail(user.email);
  checkText(user.fullName, "full name", 255);
  const passwordHash = user.password === null ? null : await hashPassword(user.password);
  const adding = db.transaction().execute(async (trx) => {
    const old = await findUser(trx, name);
    if (old !== undefined) {
      throw new Problem(
        "conflict",
        old.removed === null
          ? `there is a user ${name} already`
          : `the name ${name} belonged to a user who was removed, and is never given again; choose another`,
      );
    }
    await insertUser(trx, {
      id: randomUUID(),
      name,
      active: 1,
      removed: null,
      email: user.email,
      full_name: user.fullName,
      staff: flag(user.staff),
      superuser: flag(user.superuser),
      view_any: flag(user.viewAny),
      password_hash: passwordHash,
      totp_secret: null,
      totp_last: null,
      version: 0,
      created: timeText(new Date()),
    });
    await record(trx, actor, [{ action: "add user", detail: name }]);
  });
  await unlessDuplicate(adding, () => {
    throw new Problem("conflict", `there is a user ${name} already`);
  });
}

/** An address as HTML's `input type="email"` takes it; empty: none. */
function checkEmail(email: string): void {
  checkText(email, "e-mail address", 320);
  if (email !== "" && !v.is(v.pipe(v.string(), v.rfcEmail()), email))
    throw new Problem("bad-request", "the e-mail address is none; give one like joe@example.com, or none");
}

function checkText(text: string, what: string, longest: number): void {
  if (text.length > longest || /[\x00-\x1f\x7f-\x9f]/.test(text)) {
    throw new Problem("bad-request", `the ${what} is over ${longest} characters or holds control characters`);
  }
}

/** @throws Problem `not-found` when there is no such user, or they were removed */
export async function knownUser(db: Db, name: string): Promise<UserTable> {
  const user = await findUser(db, name);
  if (user === undefined)
    throw new Problem("not-found", `there is no user ${userName(name)}; see 'user list'`);
  if (user.removed !== null) throw new Problem("not-found", `the user ${name} was removed`);
  return user;
}

/**
 * Sets a user's password for the web, and ends their sessions there.
 * @throws Problem `not-found`, `bad-request` when it is too short or too long
 */
export async function setPassword(db: Db, actor: Actor, name: string, password: string): Promise<void> {
  const hash = await hashPassword(password);
  await db.transaction().execute(async (trx) => {
    const user = await knownUser(trx, name);
    await updateUser(trx, user.id, { password_hash: hash });
    await deleteWebSessionsOfUser(trx, user.id);
    await record(trx, actor, [{ action: "set web password", detail: name }]);
  });
}

/**
 * Removes the second factor of a user who has lost it, and ends their sessions in the web.
 * @throws Problem `not-found`
 */
export async function removeTotp(db: Db, actor: Actor, name: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const user = await knownUser(trx, name);
    if (user.totp_secret === null)
      throw new Problem("not-found", `${name} has no second factor; nothing was changed`);
    await updateUser(trx, user.id, { totp_secret: null });
    await deleteWebSessionsOfUser(trx, user.id);
    await record(trx, actor, [{ action: "remove totp", detail: name }]);
  });
}

/** What of a user can be changed; the name never. */
export type UserEdit = Omit<NewUser, "name" | "password">;

/**
 * Changes what is said of a user, and their rights.
 * @throws Problem `not-found`, `bad-request`, `conflict` when nobody could change anything here any more
 */
export async function editUser(db: Db, actor: Actor, name: string, edit: UserEdit): Promise<void> {
  checkEmail(edit.email);
  checkText(edit.fullName, "full name", 255);
  const row = {
    email: edit.email,
    full_name: edit.fullName,
    staff: flag(edit.staff),
    superuser: flag(edit.superuser),
    view_any: flag(edit.viewAny),
  };
  await db.transaction().execute(async (trx) => {
    await lockSuperusers(trx);
    const user = await knownUser(trx, name);
    const fields = Object.keys(row) as (keyof typeof row)[];
    const changed = fields.filter((field) => row[field] !== user[field]);
    if (changed.length === 0) return;
    await updateUser(trx, user.id, row);
    // For good, as in changeState: who gets the role back signs in anew.
    if (row.staff === 0) await deleteWebSessionsOfUser(trx, user.id);
    if (isAdmin(user) && !isAdmin({ ...user, ...row })) await assertAdminStays(trx, actor, name);
    const what = changed.map((field) => `${field} from '${user[field]}' to '${row[field]}'`);
    await record(trx, actor, [{ action: "edit user", detail: `${name}: ${what.join(", ")}` }]);
  });
}

/** Whether a user may change things in the web admin. */
function isAdmin(user: Pick<UserTable, "active" | "staff" | "superuser">): boolean {
  return user.active === 1 && user.staff === 1 && user.superuser === 1;
}

/** @throws Problem `conflict` when an admin has just taken their own rights, or the last one's */
async function assertAdminStays(db: Db, actor: Actor, name: string): Promise<void> {
  if (name === actor.userName)
    throw new Problem(
      "conflict",
      "you cannot take your own rights away, nor disable or delete yourself; have another superuser do it",
    );
  if ((await countActiveAdmins(db)) > 0) return;
  throw new Problem(
    "conflict",
    `${name} is the last active superuser of the staff, without whom nobody could change anything here; give another user these roles first`,
  );
}

/** Who may be lost: with `keep-an-admin` not the last one who can use the web admin, nor whoever asks for it. */
export type AdminRule = "whoever" | "keep-an-admin";

/**
 * Disables, enables or removes a user. Their sessions end at once, and for good: one that was stolen must not come back
 * when its user is enabled again.
 * @throws Problem `not-found`, `conflict` when the rule forbids it
 */
export async function changeState(
  db: Db,
  actor: Actor,
  name: string,
  state: "disable" | "enable" | "remove",
  rule: AdminRule = "whoever",
): Promise<void> {
  // Before the transaction, for which everybody waits.
  const dependents =
    state === "remove" ? await dependentsOf(db, await knownUser(db, name), longestList) : null;
  await db.transaction().execute(async (trx) => {
    await lockSuperusers(trx);
    const user = await knownUser(trx, name);
    await updateUser(trx, user.id, {
      active: flag(state === "enable"),
      ...(state === "remove"
        ? { removed: timeText(new Date()), password_hash: null, totp_secret: null }
        : {}),
    });
    if (rule === "keep-an-admin" && state !== "enable" && isAdmin(user))
      await assertAdminStays(trx, actor, name);
    if (state !== "enable") {
      await deleteSessionsOfUser(trx, user.id);
      await deleteWebSessionsOfUser(trx, user.id);
    }
    await record(trx, actor, [{ action: `${state} user`, detail: name }]);
    if (dependents !== null) await mailRemoval(trx, actor, user, dependents);
  });
}
