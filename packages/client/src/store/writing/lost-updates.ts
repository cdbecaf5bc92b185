import { sameProperty } from "@pstore/core/checks";
import type { Manifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Base } from "../reading/base.ts";
import type { Change } from "./change.ts";
import type { SealedValue } from "./seal.ts";

/** What others do to the objects of a change while it is being made. */
export class LostUpdates {
  /** Who made which revision of which object, of all that went by during this command. */
  readonly #authors = new Map<string, string>();

  /** Takes note of who has made the revisions that led here. */
  see({ verified }: Base): void {
    for (const { manifest } of verified.missed)
      this.#authors.set(`${manifest.object.id} ${manifest.revision}`, manifest.author.user);
  }

  /**
   * Refuses a change that would undo what somebody else has done since it was begun.
   * @param begun the object as the person here has seen it
   * @param current what it is now
   * @throws Problem `conflict`
   */
  refuse(begun: Base, current: Base, change: Change, values: readonly SealedValue[]): void {
    const before = begun.verified.manifest;
    const { manifest } = current.verified;
    const { name } = manifest.object;
    if (manifest.object.id !== before.object.id) {
      throw new Problem(
        "conflict",
        `'${name}' is another machine now than when this command began; nothing of yours was stored, look at it and repeat`,
      );
    }
    this.see(current);
    for (const property of touched(before, manifest, change, values)) {
      const old = before.properties.get(property);
      const now = manifest.properties.get(property);
      if (old === undefined ? now === undefined : now !== undefined && sameProperty(old, now)) continue;
      throw new Problem(
        "conflict",
        `${this.#who(manifest, now?.revision)} has changed '${property}' of '${name}' at the same time; nothing of yours was stored, look at it and repeat`,
      );
    }
  }

  #who({ object, revision }: Manifest, changed: number | undefined): string {
    const author = this.#authors.get(`${object.id} ${changed}`);
    return author ?? this.#authors.get(`${object.id} ${revision}`) ?? "somebody";
  }
}

/** The properties that a change decides about: all of them where the object goes, or becomes as it was. */
function touched(
  before: Manifest,
  now: Manifest,
  { drop, remove, restore }: Change,
  values: readonly SealedValue[],
): readonly string[] {
  if (remove === true || restore?.property === null)
    return [...new Set([...before.properties.keys(), ...now.properties.keys()])];
  const named = [drop, restore?.property].filter((property) => typeof property === "string");
  return [...values.map(({ property }) => property), ...named];
}
