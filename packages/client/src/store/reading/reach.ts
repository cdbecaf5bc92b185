import { reads } from "@pstore/core/checks";
import type { Api } from "../../http/api.ts";
import { History } from "./history.ts";
import type { StoredObject } from "./reader.ts";
import { bySureness, type LoggedRead, type Secret, secretsOf } from "./secrets.ts";
import { hiddenObjects, type SharedParts } from "./shared-objects.ts";
import { nameOf, Survey, type Unseen } from "./survey.ts";

/** What a user has access to, and what they know. */
export interface Reach {
  /** The objects of which they are a member, and from which the user here can revoke them. */
  readonly revocable: readonly StoredObject[];
  /** Those from which the user here cannot. */
  readonly beyond: readonly Beyond[];
  /** The present secrets that they know or may know, the certain ones first. */
  readonly secrets: readonly Secret[];
  /** The objects that could not be looked at, and why. */
  readonly unseen: readonly Unseen[];
}

export interface Beyond {
  readonly machine: string;
  /** Who can revoke them there. */
  readonly writers: readonly string[];
  /** Who else can read there; maybe the user here. */
  readonly readers: readonly string[];
}

/** @param user who is to be revoked */
export function othersOf({ manifest }: StoredObject, user: string): Beyond {
  const readers = [...manifest.members].filter(([name, member]) => name !== user && reads(member));
  const writers = readers.filter(([, { access }]) => access === "write");
  const names = (some: typeof readers) => some.map(([name]) => name).sort();
  return { machine: manifest.object.name, writers: names(writers), readers: names(readers) };
}

interface ReachParts extends SharedParts {
  readonly api: Api;
}

/**
 * Finds out what a user can get at. Of every object that is theirs to see, the signed members count, not the server's
 * list; its log only tells, of what the user could read, what they did read.
 */
export class ReachFinder {
  readonly #parts: ReachParts;

  constructor(parts: ReachParts) {
    this.#parts = parts;
  }

  /** @param all also what is not the user's own */
  async of(user: string, all: boolean): Promise<Reach> {
    const { api, lookup, objects: known } = this.#parts;
    const [rows, { reads: log }] = await Promise.all([lookup.list("", all), api.reads(user)]);
    const survey = new Survey(this.#parts);
    const own = rows.filter(({ access }) => access !== null).map(({ name }) => name);
    const logged = Map.groupBy(log, ({ id }) => id);
    const foreign = rows.filter(({ access }) => access === null).map(({ name }) => name);
    survey.unseen.push(...(await hiddenObjects(this.#parts, known.withMember(user), new Set(own))));
    const objects = [...(await survey.own(own)), ...(await survey.oneByOne(foreign, true))];
    const concerned = objects.filter(({ manifest }) => manifest.members.has(user));
    const revocable = concerned.filter(canRevoke);
    return {
      revocable,
      beyond: concerned.filter((one) => !canRevoke(one)).map((one) => othersOf(one, user)),
      secrets: await this.#secrets(survey, objects, user, logged),
      unseen: survey.unseen,
    };
  }

  async #secrets(
    survey: Survey,
    objects: readonly StoredObject[],
    user: string,
    logged: ReadonlyMap<string, readonly LoggedRead[]>,
  ): Promise<readonly Secret[]> {
    const history = new History(this.#parts.api);
    const found: Secret[] = [];
    await survey.each("looking back", objects, nameOf, async (object) => {
      const log = logged.get(object.manifest.object.id) ?? [];
      found.push(...(await secretsOf(history, object, user, log)));
    });
    return found.sort(bySureness);
  }
}

/** A write-only key may not change members. */
function canRevoke({ access, isReadable }: StoredObject): boolean {
  return access === "write" && isReadable;
}
