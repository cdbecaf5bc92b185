import type { Known } from "@pstore/core/checks";
import { waitingOf } from "../waiting.ts";
import type { StoredObject } from "./reader.ts";
import { hiddenObjects, type SharedParts } from "./shared-objects.ts";
import { Survey, type Unseen } from "./survey.ts";

/** Where members wait to be let in. */
export interface WaitingObjects {
  /** The user's own objects in which somebody waits, maybe they themself. */
  readonly objects: readonly StoredObject[];
  /** How many objects of the user's own could be looked at. */
  readonly seen: number;
  /** The objects that could not be looked at, and why. */
  readonly unseen: readonly Unseen[];
}

/**
 * Finds the objects in which members wait. The signed members say so, of every object: the server's marks only serve those
 * who look at its list.
 */
export async function waitingObjects(parts: SharedParts): Promise<WaitingObjects> {
  const { lookup, objects } = parts;
  const survey = new Survey(parts);
  const names = (await lookup.list("", false)).map(({ name }) => name);
  const listed = new Set(names);
  const unlisted = objects.names().filter((name) => !listed.has(name));
  const known = unlisted.map((name) => objects.byName(name)).filter((one) => one !== null);
  survey.unseen.push(...(await hiddenObjects(parts, known.filter(isWaitedFor), listed)));
  const all = await survey.own(names);
  return { objects: all.filter(isWaitedFor), seen: all.length, unseen: survey.unseen };
}

function isWaitedFor({ manifest }: Known): boolean {
  return waitingOf(manifest).length > 0;
}
