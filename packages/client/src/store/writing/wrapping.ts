import type { WrappedKey } from "@pstore/core/api/schemas";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import type { EncryptedProperty, Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Base } from "../reading/base.ts";
import type { Opener } from "../reading/open.ts";
import type { Source } from "../reading/source.ts";
import type { Draft } from "./draft.ts";

/** A key that a value's session key is to be wrapped to: its primary fingerprint and its part. */
interface Target {
  readonly key: Fingerprint;
  readonly part: Fingerprint;
}

/** What the server lacks of one encrypted property of a draft. */
interface Need {
  readonly property: string;
  readonly targets: readonly Target[];
  /** The session key of a value that is new, or comes back; else it is that of the value that stands. */
  readonly sessionKey: Uint8Array | null;
  readonly entry: EncryptedProperty;
}

/**
 * The wrapped keys that the server lacks, of each draft: of new values for all, of old ones for keys that were not there
 * before.
 */
export async function wrapAll(
  drafts: readonly Draft[],
  opener: Opener,
): Promise<readonly (readonly WrappedKey[])[]> {
  const needs = drafts.map(needsOf);
  await opener.prepare(
    drafts.flatMap(({ base }, index) =>
      (needs[index] ?? []).flatMap(({ property, sessionKey, entry }) =>
        sessionKey === null && base !== null ? [{ source: sourceOf(base, property), entry }] : [],
      ),
    ),
  );
  const made: WrappedKey[][] = [];
  for (const [index, draft] of drafts.entries()) made.push(await wrapEach(draft, needs[index] ?? [], opener));
  return made;
}

function needsOf({ base, manifest, values, restored }: Draft): readonly Need[] {
  // What is deleted is encrypted to nobody.
  if (manifest.deleted) return [];
  const needs: Need[] = [];
  for (const [property, entry] of manifest.properties) {
    if (entry.kind !== "encrypted") continue;
    const fresh = values.find((value) => value.property === property)?.sessionKey;
    const sessionKey = fresh ?? restored.get(property) ?? null;
    const before = sessionKey === null ? (base?.verified.manifest.members ?? null) : null;
    const targets = readingKeys(manifest.members, before);
    if (targets.length > 0) needs.push({ property, targets, sessionKey, entry });
  }
  return needs;
}

async function wrapEach(draft: Draft, needs: readonly Need[], opener: Opener): Promise<WrappedKey[]> {
  if (needs.length === 0) return [];
  const made: WrappedKey[] = [];
  for (const { property, targets, sessionKey, entry } of needs) {
    const opened = sessionKey ?? (await opener.sessionKey(sourceOf(known(draft.base), property), entry));
    for (const { key, part } of targets) {
      const publicKey = draft.planned.publicKeys.get(key);
      if (publicKey === undefined) {
        throw new Problem(
          "untrusted-key",
          `the key ${key} is not known well enough to encrypt to; nothing was stored`,
        );
      }
      const wrapped = await wrapFor(publicKey, part, opened);
      made.push({ property, key, wrapped: Buffer.from(wrapped).toString("base64") });
    }
  }
  return made;
}

function sourceOf({ verified, detail }: Base, property: string): Source {
  return { manifest: verified.manifest, detail, property };
}

function known(base: Base | null): Base {
  if (base === null) throw new Error("a new object has new values only");
  return base;
}

/** The reading keys of all members; with `before`, only those that were not wrapped to before. */
function readingKeys(
  members: ReadonlyMap<string, Member>,
  before: ReadonlyMap<string, Member> | null,
): readonly Target[] {
  return [...members].flatMap(([user, { keys }]) =>
    [...keys].flatMap(([key, part]) =>
      part === null || before?.get(user)?.keys.get(key) === part ? [] : [{ key, part }],
    ),
  );
}
