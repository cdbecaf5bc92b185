import type { Known } from "@pstore/core/checks";
import type { Objects } from "../../state/objects.ts";
import type { StoredObject } from "./reader.ts";
import { Survey, type SurveyParts, type Unseen } from "./survey.ts";

export interface SharedParts extends SurveyParts {
  readonly objects: Objects;
  /** Who looks. */
  readonly user: string;
}

/** The user's own objects of which somebody is a member, and what could not be looked at. */
export interface SharedObjects {
  readonly objects: readonly StoredObject[];
  readonly unseen: readonly Unseen[];
}

/** Finds the user's own objects of which another is a member, or they themself: the signed members say so. */
export async function sharedObjects(parts: SharedParts, member: string): Promise<SharedObjects> {
  const rows = await parts.lookup.list("", false);
  const own = rows.filter(({ access }) => access !== null).map(({ name }) => name);
  const survey = new Survey(parts);
  survey.unseen.push(...(await hiddenObjects(parts, parts.objects.withMember(member), new Set(own))));
  const all = await survey.own(own);
  return { objects: all.filter(({ manifest }) => manifest.members.has(member)), unseen: survey.unseen };
}

/**
 * The objects that the server leaves out of its list although this client knows that the user is a member.
 * @param known those that matter, as they are remembered
 * @param listed the names of those that it lists
 */
export async function hiddenObjects(
  { objects, reader, user }: Pick<SharedParts, "objects" | "reader" | "user">,
  known: readonly Known[],
  listed: ReadonlySet<string>,
): Promise<readonly Unseen[]> {
  const hidden: Unseen[] = [];
  for (const { manifest } of known) {
    const { name } = manifest.object;
    if (listed.has(name) || !manifest.members.has(user)) continue;
    const absence = await reader.explainAbsence(name);
    // A signed revision that ended it is remembered now.
    const stays = objects.byName(name)?.manifest.members.has(user) === true;
    if (absence !== null && stays) hidden.push({ machine: name, why: absence.message });
  }
  return hidden;
}
