import { isIntroducedBy } from "@pstore/core/keys/user-key";
import type { Pin } from "../../state/pins.ts";
import type { KeyReader, ServedKey } from "./key-reader.ts";

/** What speaks for a key that the server gives for a user. */
export type Standing =
  | { readonly is: "pinned"; readonly pin: Pin }
  /** A pinned key of that user has signed it. */
  | { readonly is: "introduced"; readonly by: Pin }
  /** Only the server does, but no key of that user was ever seen. */
  | { readonly is: "new" }
  /** It is pinned with another write-only flag. */
  | { readonly is: "reflagged" }
  /** Nothing does, and others of that user are pinned. */
  | { readonly is: "changed" };

/**
 * What speaks for a key.
 * @param pins those of the same user
 */
export async function standingOf(
  { key, publicKey }: ServedKey,
  pins: readonly Pin[],
  keys: KeyReader,
): Promise<Standing> {
  const pin = pins.find(({ fingerprint }) => fingerprint === key.fingerprint);
  if (pin !== undefined) return pin.writeOnly === key.writeOnly ? { is: "pinned", pin } : { is: "reflagged" };
  if (pins.length === 0) return { is: "new" };
  for (const by of pins) {
    if (by.writeOnly && !key.writeOnly) continue;
    if (await isIntroducedBy(publicKey, await keys.read(by.certificate))) return { is: "introduced", by };
  }
  return { is: "changed" };
}
