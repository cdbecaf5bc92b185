// Commits that are wrong inside, most of them well signed: so that each check behind the signature is reached.
import type { CommitRequest } from "@pstore/core/api/schemas";
import { mutateBytes } from "./mutate/bytes.ts";
import { type Json, mutateJson } from "./mutate/json.ts";
import { mutateText } from "./mutate/text.ts";
import type { Change, Objects } from "./objects.ts";
import type { Random } from "./random.ts";
import { bytes } from "./seeds/files.ts";
import type { Sessions } from "./sessions.ts";

export interface DamagedCommit {
  readonly body: Uint8Array;
  /** The manifests that the store has when it takes the commit. */
  readonly manifests: readonly string[];
}

/** What stands in place of wrapped keys and signatures. */
const foreign = ["wrapped.age", "wrapped.pkesk", "signature.sshsig", "signature.openpgp", "body.openpgp"].map(
  bytes,
);

export function damagedCommit(random: Random, sessions: Sessions, objects: Objects): DamagedCommit {
  const signer = random.chance(90) ? sessions.signer("ann") : random.pick(sessions.signers);
  let changes = Array.from({ length: random.chance(80) ? 1 : 2 + random.below(3) }, () =>
    random.chance(15) ? objects.first(random, `made-${random.below(1_000_000)}`) : objects.next(random),
  );
  const what = random.below(10);
  if (what < 4)
    changes = changes.map((change) => ({ ...change, manifest: damagedManifest(random, change.manifest) }));
  else if (what < 6) changes = changes.map((change) => damagedKeys(random, change));
  else if (what < 7) changes = changes.map((change) => damagedValues(random, change));
  let request: CommitRequest = objects.commit(signer, changes);
  if (what === 7) request = { ...request, signature: damagedBase64(random, request.signature) };
  if (what === 8) request = { ...request, commit: mutateText(random, request.commit) };
  const json = what === 9 ? mutateJson(random, request as Json) : JSON.stringify(request);
  return { body: Buffer.from(json), manifests: request.changes.map(({ manifest }) => manifest) };
}

function damagedManifest(random: Random, manifest: string): string {
  if (random.chance(20)) return mutateText(random, manifest);
  if (random.chance(20))
    return Buffer.from(mutateBytes(random, Buffer.from(manifest), [Buffer.from(manifest)])).toString();
  return mutateJson(random, JSON.parse(manifest) as Json);
}

function damagedKeys(random: Random, change: Change): Change {
  const { wrappedKeys } = change;
  const [first] = wrappedKeys;
  if (first === undefined) return damagedValues(random, change);
  switch (random.below(5)) {
    case 0:
      return { ...change, wrappedKeys: wrappedKeys.slice(1) };
    case 1:
      return { ...change, wrappedKeys: [...wrappedKeys, first] };
    case 2:
      return {
        ...change,
        wrappedKeys: [{ ...first, property: mutateText(random, first.property) }, ...wrappedKeys],
      };
    default:
      return {
        ...change,
        wrappedKeys: wrappedKeys.map((one) => ({ ...one, wrapped: damagedBase64(random, one.wrapped) })),
      };
  }
}

function damagedValues(random: Random, change: Change): Change {
  const { values } = change;
  switch (random.below(5)) {
    case 0:
      return { ...change, values: values.slice(1) };
    case 1:
      return { ...change, values: [...values, ...values] };
    case 2:
      return { ...change, values: values.map(({ property }) => ({ property, upload: random.uuid() })) };
    case 3:
      return { ...change, values: [{ property: mutateText(random, "address"), inline: "" }, ...values] };
    default:
      return {
        ...change,
        values: values.map((one) =>
          "inline" in one ? { ...one, inline: damagedBase64(random, one.inline) } : one,
        ),
      };
  }
}

function damagedBase64(random: Random, base64: string): string {
  if (random.chance(15)) return mutateText(random, base64);
  return Buffer.from(mutateBytes(random, Buffer.from(base64, "base64"), foreign)).toString("base64");
}
