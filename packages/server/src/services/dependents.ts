import type { Db } from "../database/open.ts";
import type { UserTable } from "../database/schema.ts";
import {
  countObjectsOfUser,
  type Dependence,
  type ObjectOfUser,
  objectsOfUser,
} from "../repositories/dependence.ts";
import { countActiveAdmins } from "../repositories/users.ts";
import { type CountUpTo, upTo } from "./count-up-to.ts";

/** Some objects of a user, and how many there are. */
export interface SomeObjects extends CountUpTo {
  /** The first, by name. */
  readonly first: readonly ObjectOfUser[];
}

/** What hangs on a user, as much of it as a page can show; `standingOf` has all. */
export interface Dependents {
  /** Living objects of which the user is a member. */
  readonly objects: SomeObjects;
  /** Those on which the user waits to be let in. */
  readonly waiting: SomeObjects;
  /** Nobody else who may sign in is a member. */
  readonly soleMember: SomeObjects;
  /** Others are, and none of those who may sign in writes. */
  readonly soleWriter: SomeObjects;
  /** Nobody else may change things in the web admin. */
  readonly onlyAdmin: boolean;
}

/** Of a user with more objects, a page that is only looked at does not look into each of them. */
const mostAtOnce = 10_000;

/** How many living objects a user is a member of; counted no further than what `dependentsOf` is quick for. */
export async function objectCountOf(db: Db, user: UserTable): Promise<CountUpTo> {
  return upTo(await countObjectsOfUser(db, user.id, "any", mostAtOnce + 1), mostAtOnce);
}

/** Up to how many objects are counted. */
const mostCounted = 100_000;

/** @param shown how many objects are named of each kind */
export async function dependentsOf(db: Db, user: UserTable, shown: number): Promise<Dependents> {
  const some = async (dependence: Dependence): Promise<SomeObjects> => {
    const first = await objectsOfUser(db, user.id, dependence, shown + 1);
    const counted =
      first.length <= shown
        ? first.length
        : await countObjectsOfUser(db, user.id, dependence, mostCounted + 1);
    return { first: first.slice(0, shown), ...upTo(counted, mostCounted) };
  };
  const admin = user.active === 1 && user.staff === 1 && user.superuser === 1;
  return {
    objects: await some("any"),
    waiting: await some("waiting"),
    soleMember: await some("sole-member"),
    soleWriter: await some("sole-writer"),
    onlyAdmin: admin && (await countActiveAdmins(db)) === 1,
  };
}
