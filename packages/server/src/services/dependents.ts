import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";
import { countObjectsOfUser, type ObjectOfUser, sharedObjects } from "../repositories/dependence.ts";
import { countActiveAdmins } from "../repositories/users.ts";
import { type CountUpTo, upTo } from "./count-up-to.ts";
import { objectsOfMember } from "./turns.ts";

/** Some objects of a user, and how many there are. */
export interface SomeObjects {
  readonly count: number;
  /** The first, by name. */
  readonly first: readonly ObjectOfUser[];
}

/** What hangs on a user, as much of it as a page can show; `standingOf` has all. */
export interface Dependents {
  /** Living objects of which the user is a member. */
  readonly objects: SomeObjects;
  /** Those on which the user waits to be let in. */
  readonly waiting: SomeObjects;
  /** Of the others, those of which nobody else who may sign in is a member. */
  readonly soleMember: SomeObjects;
  /** Those of which others are, and none of those who may sign in writes. */
  readonly soleWriter: SomeObjects;
  /** Nobody else may change things in the web admin. */
  readonly onlyAdmin: boolean;
}

/** Of a user with more objects, a page that is only looked at does not look into each of them. */
const mostAtOnce = 10_000;

/** How many living objects a user is a member of; counted no further than what `dependentsOf` is quick for. */
export async function objectCountOf(db: Db, user: UserTable): Promise<CountUpTo> {
  return upTo(await countObjectsOfUser(db, user.id, mostAtOnce + 1), mostAtOnce);
}

/**
 * Looks at all objects of a user, some at a time: nobody waits for it, and it is not of one moment.
 * @param shown how many objects are named of each kind
 */
export async function dependentsOf(db: Db, user: UserTable, shown: number): Promise<Dependents> {
  const objects = new Some(shown);
  const waiting = new Some(shown);
  const soleMember = new Some(shown);
  const soleWriter = new Some(shown);
  for await (const ids of objectsOfMember(db, user.id)) {
    for (const { othersRead, othersWrite, ...object } of await sharedObjects(db, user.id, ids)) {
      objects.add(object);
      if (object.pending === 1) waiting.add(object);
      else if (othersRead === 0) soleMember.add(object);
      else if (object.access === "write" && othersWrite === 0) soleWriter.add(object);
    }
  }
  const admin = user.active === 1 && user.staff === 1 && user.superuser === 1;
  const onlyAdmin = admin && (await countActiveAdmins(db)) === 1;
  return { objects, waiting, soleMember, soleWriter, onlyAdmin };
}

/** Counts objects as they come, and keeps the first of them by name. */
class Some implements SomeObjects {
  readonly #shown: number;
  #first: ObjectOfUser[] = [];
  count = 0;

  constructor(shown: number) {
    this.#shown = shown;
  }

  get first(): readonly ObjectOfUser[] {
    return this.#first;
  }

  add(object: ObjectOfUser): void {
    this.count++;
    const isFull = this.#first.length === this.#shown;
    if (isFull && !isBefore(object, this.#first.at(-1))) return;
    if (isFull) this.#first.pop();
    const at = this.#first.findIndex((other) => isBefore(object, other));
    this.#first.splice(at === -1 ? this.#first.length : at, 0, object);
  }
}

function isBefore(object: ObjectOfUser, other: ObjectOfUser | undefined): boolean {
  return other !== undefined && object.name < other.name;
}
