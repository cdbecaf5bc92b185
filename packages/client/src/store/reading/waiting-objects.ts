import type { Objects } from "../../state/objects.ts";
import { waitingOf } from "../waiting.ts";
import type { StoredObject } from "./reader.ts";
import { Survey, type SurveyParts, type Unseen } from "./survey.ts";

/** Where members wait to be let in. */
export interface WaitingObjects {
  /** The user's own objects in which somebody waits, maybe they themself. */
  readonly objects: readonly StoredObject[];
  /** The objects that could not be looked at, and why. */
  readonly unseen: readonly Unseen[];
}

/**
 * Finds the objects in which members wait. The signed members say so, of every object: the server's marks only serve those
 * who look at its list.
 */
export async function waitingObjects(
  parts: SurveyParts & { objects: Objects; user: string },
): Promise<WaitingObjects> {
  const { lookup, objects, reader, user } = parts;
  const survey = new Survey(parts);
  const names = (await lookup.list("", false)).map(({ name }) => name);
  const listed = new Set(names);
  for (const name of objects.names()) {
    const known = listed.has(name) ? null : objects.byName(name);
    if (known === null || waitingOf(known.manifest).length === 0) continue;
    if (!known.manifest.members.has(user)) continue;
    const absence = await reader.explainAbsence(name);
    // A signed revision that ended it is remembered now.
    const stays = objects.byName(name)?.manifest.members.has(user) === true;
    if (absence !== null && stays) survey.unseen.push({ machine: name, why: absence.message });
  }
  const all = await survey.own(names);
  return { objects: all.filter(({ manifest }) => waitingOf(manifest).length > 0), unseen: survey.unseen };
}
